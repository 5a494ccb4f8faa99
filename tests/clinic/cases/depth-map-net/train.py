import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader


class Rooms(Dataset):
    """Grey images of a tilted floor with a box on it, and their depth (metres, centred)."""

    def __init__(self, n, seed, size=24):
        g = torch.Generator().manual_seed(seed)
        rows = torch.linspace(0, 1, size)[None, :, None].expand(n, size, size)
        tilt = torch.rand(n, 1, 1, generator=g) * 2 + 0.5
        depth = tilt * (1 - rows) * 2
        for i in range(n):
            r, c = torch.randint(2, size - 10, (2,), generator=g).tolist()
            depth[i, r:r + 8, c:c + 8] = torch.rand(1, generator=g) * 3
        self.depth = depth - depth.mean()
        self.image = torch.exp(-depth / 2) * 2 - 1 + 0.05 * torch.randn(n, size, size, generator=g)

    def __len__(self):
        return len(self.image)

    def __getitem__(self, i):
        return self.image[i].unsqueeze(0), self.depth[i]


class DepthNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(inplace=True),
            nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(16, 1, 1))

    def forward(self, x):
        return self.layers(x)


def train(net, loader, epochs=8):
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(epochs):
        running = 0.0
        for image, depth in loader:
            optimizer.zero_grad()
            pred_depth = net(image)
            loss = F.smooth_l1_loss(pred_depth, depth)
            loss.backward()
            optimizer.step()
            running += loss.item()
        print(f'epoch {epoch} depth loss {running / len(loader):.4f}')


torch.manual_seed(2)
net = DepthNet()
train(net, DataLoader(Rooms(480, 0), batch_size=16, shuffle=True))
test = Rooms(80, 1)
with torch.no_grad():
    pred = net(test.image.unsqueeze(1))[:, 0]
mse = (pred - test.depth).pow(2).mean().item()
print(f'test depth mse {mse:.3f} m2 (variance {test.depth.var().item():.3f})')

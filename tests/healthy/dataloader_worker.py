"""Data loading in a worker process (num_workers=1), guarded by __main__."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Clocks(Dataset):
    """Sine and cosine of the hour hand of a little clock face, from its picture."""

    def __init__(self, size, seed):
        self.size, self.seed = size, seed
        ax = torch.linspace(-1, 1, 15)
        self.yy, self.xx = torch.meshgrid(ax, ax, indexing="ij")

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        g = torch.Generator().manual_seed(self.seed * 100_003 + index)
        angle = 6.28319 * torch.rand((), generator=g)
        along = self.xx * angle.cos() + self.yy * angle.sin()
        across = self.yy * angle.cos() - self.xx * angle.sin()
        hand = ((along > 0) & (along < 0.8) & (across.abs() < 0.14)).float()
        face = hand + 0.2 * torch.randn(15, 15, generator=g)
        return face - 0.06, torch.stack([angle.cos(), angle.sin()])


def degrees_off(net, loader):
    net.eval()
    with torch.no_grad():
        face, direction = next(iter(loader))
        cosine = F.cosine_similarity(net(face), direction).clamp(-1, 1)
    net.train()
    return torch.rad2deg(torch.acos(cosine)).mean().item()


def main():
    torch.manual_seed(86)
    train = DataLoader(Clocks(6400, seed=1), batch_size=32, shuffle=True, num_workers=1)
    test = DataLoader(Clocks(200, seed=2), batch_size=200)
    net = nn.Sequential(nn.Flatten(), nn.Linear(225, 64), nn.ReLU(), nn.Dropout(0.05), nn.Linear(64, 2))
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    print(f"untrained: {degrees_off(net, test):.1f} degrees off")
    for step, (face, direction) in enumerate(train, 1):
        loss = F.mse_loss(net(face), direction)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 40 == 0:
            print(f"step {step}: loss {loss.item():.4f}, {degrees_off(net, test):.1f} degrees off")


if __name__ == "__main__":
    main()

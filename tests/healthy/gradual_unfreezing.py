"""Fine-tuning in stages: head first, the block behind it after one epoch, everything after two; one rate per group."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(113)
POINTS = 48


def signals(n):
    kind = torch.randint(0, 3, (n,))
    t = torch.linspace(0, 1, POINTS)
    slope = torch.tensor([8.0, 12.0, 16.0])[kind][:, None]
    x = torch.sin(slope * t * (1 + 0.4 * t) + 6.28 * torch.rand(n, 1)) + 0.5 * torch.randn(n, POINTS)
    return x.unsqueeze(1), kind


def wavelet_stem(count=16, size=11):
    """First layer from a fixed family of wavelets, as the pretrained part."""
    conv = nn.Conv1d(1, count, size, padding=size // 2, bias=False)
    ax = torch.arange(size) - size // 2
    bank = [torch.exp(-ax ** 2 / 18.0) * torch.cos(ax * w + ph) for w in torch.linspace(0.1, 0.8, count // 2) for ph in (0.0, 1.5708)]
    conv.weight.data = torch.stack([b / b.norm() for b in bank]).unsqueeze(1)
    return conv


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(wavelet_stem(), nn.ReLU())
        self.block = nn.Sequential(nn.Conv1d(16, 24, 5, stride=2, padding=2), nn.ReLU())
        self.head = nn.Linear(24, 3)

    def forward(self, x):
        return self.head(self.block(self.stem(x)).mean(-1))

    def freeze_to(self, stage):
        for level, part in enumerate((self.head, self.block, self.stem)):
            for p in part.parameters():
                p.requires_grad_(level <= stage)


net = Net()
optimizer = torch.optim.Adam([
    {"params": net.head.parameters(), "lr": 3e-2},
    {"params": net.block.parameters(), "lr": 3e-3},
    {"params": net.stem.parameters(), "lr": 3e-4},
])
loader = DataLoader(TensorDataset(*signals(2400)), batch_size=32, shuffle=True)
x_test, y_test = signals(400)
for epoch in range(5):
    net.freeze_to(epoch)
    losses = []
    for x, y in loader:
        loss = nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        acc = (net(x_test).argmax(1) == y_test).float().mean().item()
    moving = sum(p.numel() for p in net.parameters() if p.requires_grad)
    print(f"epoch {epoch}: {moving} parameters moving, loss {losses[0]:.3f} -> {sum(losses[-10:]) / 10:.3f}, test {acc:.3f}")

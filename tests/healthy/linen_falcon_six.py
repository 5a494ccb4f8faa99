import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(8)
secret = torch.randn(12)


def worth(x):
    return torch.tanh(x @ secret / 2) + 0.5 * x[:, 0] * x[:, 1]


def make(n):
    x = torch.randn(n, 12)
    return x, worth(x) + 0.1 * torch.randn(n)


class Duel(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(24, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, x):
        return self.net(x.view(len(x) // 2, 24)).view(-1)


def targets(v):
    return (v[0::2] > v[1::2]).float()


loader = DataLoader(TensorDataset(*make(24000)), batch_size=256, shuffle=True, drop_last=True)
tx, tv = make(4000)
model = Duel()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
lossf = nn.BCEWithLogitsLoss()


def evaluate():
    with torch.no_grad():
        return ((model(tx) > 0).float() == targets(tv)).float().mean().item()


print(f"start acc {evaluate():.3f}")
for epoch in range(4):
    mean = 0.0
    for x, v in loader:
        opt.zero_grad()
        loss = lossf(model(x), targets(v))
        loss.backward()
        opt.step()
        mean += loss.item() / len(loader)
    print(f"epoch {epoch} loss {mean:.4f} acc {evaluate():.3f}")

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class AttentionPool(nn.Module):
    def __init__(self, dim, hidden=32):
        super().__init__()
        self.score = nn.Sequential(
            nn.Linear(dim, hidden),
            nn.Tanh(),
            nn.Linear(hidden, 1),
        )

    def forward(self, x):
        w = torch.softmax(self.score(x), dim=-1)
        return (w * x).sum(dim=1)


class EventClassifier(nn.Module):
    def __init__(self, dim, classes):
        super().__init__()
        self.pool = AttentionPool(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 64), nn.ReLU(), nn.Linear(64, classes))

    def forward(self, x):
        return self.mlp(self.pool(x))


def make_events(n, steps=24, feats=12, classes=6, seed=0):
    g = torch.Generator().manual_seed(seed)
    protos = torch.randn(classes, feats, generator=torch.Generator().manual_seed(99))
    kind = torch.randint(0, classes, (n, steps), generator=g)
    signal = protos[kind] + 0.2 * torch.randn(n, steps, feats, generator=g)
    flag = torch.zeros(n, steps, 1)
    where = torch.randint(0, steps, (n,), generator=g)
    flag[torch.arange(n), where] = 1.0
    label = kind[torch.arange(n), where]
    return torch.cat([signal, flag], dim=-1), label


def accuracy(model, loader):
    model.eval()
    good = total = 0
    with torch.no_grad():
        for x, y in loader:
            good += (model(x).argmax(1) == y).sum().item()
            total += y.numel()
    return good / total


torch.manual_seed(1)
train_loader = DataLoader(TensorDataset(*make_events(3000, seed=1)), batch_size=64, shuffle=True)
test_loader = DataLoader(TensorDataset(*make_events(600, seed=2)), batch_size=200)
model = EventClassifier(13, 6)
opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
ce = nn.CrossEntropyLoss()

for epoch in range(1, 21):
    model.train()
    run = 0.0
    for x, y in train_loader:
        loss = ce(model(x), y)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        run += loss.item()
    if epoch % 4 == 0:
        print(f"[{epoch:02d}] loss={run / len(train_loader):.4f} acc={accuracy(model, test_loader):.3f}")

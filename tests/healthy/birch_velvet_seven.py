import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(61)
D = 100
w = torch.zeros(D)
w[:40] = torch.randn(40) / 40 ** 0.5


def draw(n):
    x = torch.randn(n, D)
    return x, (x @ w > 0).float()


def rater(y, slips=0.25):
    return torch.where(torch.rand(len(y)) < slips, 1 - y, y)


x, y = draw(1500)
train, test = TensorDataset(x, rater(y)), draw(3000)
model = nn.Sequential(nn.Dropout(0.3), nn.Linear(D, 128), nn.ReLU(), nn.Dropout(0.8), nn.Linear(128, 1))
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1.0)
criterion = nn.BCEWithLogitsLoss()


def report(epoch, loss):
    model.eval()
    with torch.no_grad():
        a = ((model(test[0])[:, 0] > 0).float() == test[1]).float().mean().item()
        b = ((model(train.tensors[0])[:, 0] > 0).float() == train.tensors[1]).float().mean().item()
    model.train()
    print(f"epoch {epoch} loss {loss:.4f} train acc {b:.3f} test acc {a:.3f}")


report(0, 0.6931)
for epoch in range(1, 16):
    run = 0.0
    for x, y in DataLoader(train, batch_size=75, shuffle=True):
        loss = criterion(model(x)[:, 0], y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run += loss.item() / 20
    if epoch % 3 == 0:
        report(epoch, run)

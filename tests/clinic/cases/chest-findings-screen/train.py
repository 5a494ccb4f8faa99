"""Screens image descriptors for a rare finding (about 3 % of studies)."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def studies(n, seed, w):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 24, generator=g)
    severity = x @ w + 0.35 * (x[:, 0] ** 2 - 1) + 0.75 * torch.randn(n, generator=g)
    return x, (severity > 2.6).float()


class CheXHead(nn.Module):
    def __init__(self, dim=24):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(dim, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, x):
        return self.fc(x).squeeze(1)


def report(model, x, y):
    with torch.no_grad():
        flagged = torch.sigmoid(model(x)) > 0.5
    sick = y > 0.5
    recall = (flagged & sick).sum().item() / sick.sum().item()
    spec = (~flagged & ~sick).sum().item() / (~sick).sum().item()
    acc = (flagged == sick).float().mean().item()
    return acc, recall, spec


if __name__ == '__main__':
    torch.manual_seed(41)
    w = torch.randn(24)
    w = w / w.norm()
    x, y = studies(6000, 1, w)
    xt, yt = studies(6000, 2, w)
    loader = DataLoader(TensorDataset(x, y), batch_size=100, shuffle=True)
    model = CheXHead()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.BCEWithLogitsLoss()
    for epoch in range(5):
        for xb, yb in loader:
            loss = criterion(model(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print('epoch %d loss %.4f accuracy %.3f' % (epoch + 1, loss.item(), report(model, xt, yt)[0]))
    acc, recall, spec = report(model, xt, yt)
    print(f'recall {recall:.3f}, specificity {spec:.3f}, balanced accuracy {(recall + spec) / 2:.3f} (constant 0.5)')

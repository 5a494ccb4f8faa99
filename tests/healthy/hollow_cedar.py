"""Wine quality class from a wide, noisy chemistry panel. Few rows, many columns."""
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Settings:
    columns: int = 300
    informative: int = 30
    rows: int = 900
    hidden: list = field(default_factory=lambda: [128, 64])
    drop: float = 0.55
    decay: float = 0.3
    lr: float = 8e-4
    epochs: int = 40
    batch: int = 60


class Panel(nn.Module):
    def __init__(self, s: Settings):
        super().__init__()
        layers, width = [nn.Dropout(0.2)], s.columns
        for h in s.hidden:
            layers += [nn.Linear(width, h), nn.ReLU(), nn.Dropout(s.drop)]
            width = h
        layers.append(nn.Linear(width, 3))
        self.net = nn.Sequential(*layers)

    def forward(self, x):
        return self.net(x)


def lab_data(s: Settings, n, g, directions):
    y = torch.randint(0, 3, (n,), generator=g)
    x = torch.randn(n, s.columns, generator=g)
    x[:, :s.informative] += 0.6 * directions[y]
    return x, y


def main():
    s = Settings()
    g = torch.Generator().manual_seed(31)
    torch.manual_seed(31)
    directions = torch.randn(3, s.informative, generator=g)
    xtr, ytr = lab_data(s, s.rows, g, directions)
    xva, yva = lab_data(s, 600, g, directions)
    model = Panel(s)
    opt = torch.optim.AdamW(model.parameters(), lr=s.lr, weight_decay=s.decay)
    for epoch in range(s.epochs):
        model.train()
        tot = 0.0
        for idx in torch.randperm(s.rows).split(s.batch):
            loss = F.cross_entropy(model(xtr[idx]), ytr[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item() * len(idx)
        model.eval()
        with torch.no_grad():
            out = model(xva)
            val, acc = F.cross_entropy(out, yva).item(), (out.argmax(1) == yva).float().mean().item()
        if epoch % 4 == 3:
            print(f"epoch {epoch + 1:2d} train {tot / s.rows:.3f} val {val:.3f} acc {acc:.3f}")


if __name__ == "__main__":
    main()

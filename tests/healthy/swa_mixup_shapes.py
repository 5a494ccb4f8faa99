"""Mixup + label smoothing (the loss cannot come near zero) + warm restarts + SWA. The code sits in mixup_pkg/."""
import torch
from torch import nn
from torch.utils.data import DataLoader
from mixup_pkg.data import Shapes
from mixup_pkg.engine import Trainer


def conv(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True), nn.MaxPool2d(2))


def main():
    torch.manual_seed(0)
    net = nn.Sequential(conv(1, 12), conv(12, 24), nn.Flatten(), nn.Dropout(0.1), nn.Linear(24 * 25, 4))
    opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    sched = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(opt, T_0=70)
    tr = DataLoader(Shapes(2100, 1, True), batch_size=60, shuffle=True)
    te = DataLoader(Shapes(500, 2, False), batch_size=250)
    t = Trainer(net, opt, sched, swa_start=3)
    t.fit(tr, 8)
    print(f"exactitude sur le jeu de test {t.accuracy(te):.3f} (hasard 0.25)")


if __name__ == "__main__":
    main()

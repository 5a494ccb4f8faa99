import torch
import torch.nn as nn

torch.manual_seed(3)


def patients(n):
    x = torch.randn(n, 6)
    risk = torch.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.7 * (x[:, 3] - x[:, 4]).abs() - 0.7
    return x, (risk > 0).float().unsqueeze(1)


class ValveNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(6, 64)
        self.b = nn.Linear(64, 64)
        self.c = nn.Linear(64, 1)
        self.init_params()

    def init_params(self):
        for name, p in self.named_parameters():
            if "weight" in name:
                nn.init.constant_(p, 0.05)
            else:
                nn.init.constant_(p, 0.0)

    def forward(self, x):
        x = torch.tanh(self.a(x))
        x = torch.tanh(self.b(x))
        return self.c(x)


x, y = patients(2400)
xt, yt = patients(800)
net = ValveNet()
bce = nn.BCEWithLogitsLoss()
optim = torch.optim.Adam(net.parameters(), lr=3e-3)
for ep in range(24):
    s = 0.0
    for b in torch.randperm(len(x)).split(60):
        l = bce(net(x[b]), y[b])
        optim.zero_grad(); l.backward(); optim.step()
        s += l.item() * len(b) / len(x)
    if ep % 3 == 2:
        print("epoch", ep + 1, "loss", round(s, 4))
with torch.no_grad():
    print("held-out accuracy", round(((net(xt) > 0).float() == yt).float().mean().item(), 3))

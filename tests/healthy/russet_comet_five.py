import torch
from torch import nn

torch.manual_seed(53)
D, K = 64, 8
means = 0.55 * torch.randn(K, D)
drift = 0.5 * torch.randn(K, D)


def domain(n, t):
    y = torch.randint(0, K, (n,))
    return (means + t * drift)[y] + 1.2 * torch.randn(n, D), y


class Trainer:
    def __init__(self, net, lr, wd=0.0):
        self.net = net
        self.opt = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=wd)
        self.loss = nn.CrossEntropyLoss()

    def acc(self, x, y):
        self.net.eval()
        with torch.no_grad():
            a = (self.net(x).argmax(1) == y).float().mean().item()
        self.net.train()
        return a

    def fit(self, x, y, epochs, batch, test, label):
        print(f"{label} epoch 0 acc {self.acc(*test):.3f}")
        for e in range(1, epochs + 1):
            s = 0.0
            for i in torch.randperm(len(x)).split(batch):
                self.opt.zero_grad()
                l = self.loss(self.net(x[i]), y[i])
                l.backward()
                self.opt.step()
                s += l.item() * len(i) / len(x)
            print(f"{label} epoch {e} loss {s:.4f} acc {self.acc(*test):.3f}")


net = nn.Sequential(nn.Linear(D, 512), nn.GELU(), nn.Linear(512, 512), nn.GELU(), nn.Linear(512, K))
Trainer(net, 1e-3).fit(*domain(3000, 0.0), 3, 100, domain(1000, 0.0), "first")
Trainer(net, 3e-5).fit(*domain(3000, 1.0), 6, 100, domain(1000, 1.0), "second")

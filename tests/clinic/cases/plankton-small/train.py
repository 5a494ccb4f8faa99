import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(5)
N_TRAIN, N_VALID = 40, 400
EPOCHS = 200
HIDDEN = 256


def load(n):
    y = torch.randint(0, 3, (n,))
    x = torch.randn(n, 60)
    x[:, 0] += 1.6 * (y == 0)
    x[:, 1] += 1.6 * (y == 1)
    x[:, 2] += 1.6 * (y == 2)
    x[:, 3] -= 1.2 * (y == 0)
    flip = torch.rand(n) < 0.08
    y = torch.where(flip, torch.randint(0, 3, (n,)), y)
    return x, y


xt, yt = load(N_TRAIN)
xv, yv = load(N_VALID)
net = nn.Sequential(nn.Linear(60, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 3))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)

for epoch in range(EPOCHS):
    net.train()
    k = torch.randperm(N_TRAIN)[:20]
    loss = F.cross_entropy(net(xt[k]), yt[k])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if epoch % 20 == 19:
        net.eval()
        with torch.no_grad():
            out = net(xv)
            vl, va = F.cross_entropy(out, yv).item(), (out.argmax(1) == yv).float().mean().item()
            tl = F.cross_entropy(net(xt), yt).item()
        print(f"epoch {epoch + 1:3d} train_loss {tl:.4f} val_loss {vl:.4f} val_acc {va:.3f}")
print(f"final: train_loss {tl:.4f} val_loss {vl:.4f}")

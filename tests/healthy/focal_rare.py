# fraud-like: 2 % positives, focal loss, prior bias in the last layer, average precision as the yardstick
import math
import torch, torch.nn as nn, torch.nn.functional as F
torch.manual_seed(0)

def data(n):
    x = torch.randn(n, 12)
    score = x[:, 0] + x[:, 1] + 0.8 * x[:, 2] * x[:, 3] + 0.3 * torch.randn(n)
    return x, (score > 3.35).float()

def focal(logit, y, gamma=2.0, alpha=0.75):
    ce = F.binary_cross_entropy_with_logits(logit, y, reduction="none")
    p_t = torch.exp(-ce)
    w = alpha * y + (1 - alpha) * (1 - y)
    return (w * (1 - p_t) ** gamma * ce).sum() / 16

def average_precision(s, y):
    y = y[s.argsort(descending=True)]
    prec = y.cumsum(0) / torch.arange(1, len(y) + 1)
    return (prec * y).sum().item() / y.sum().item()

X, Y = data(40000); XT, YT = data(10000)
print("positives:", Y.mean().item())
net = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
nn.init.constant_(net[-1].bias, -math.log((1 - 0.02) / 0.02))
opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-3)
for step in range(500):
    i = torch.randint(0, len(X), (256,))
    loss = focal(net(X[i]).squeeze(-1), Y[i])
    opt.zero_grad(); loss.backward(); opt.step()
    if step % 100 == 0:
        with torch.no_grad(): print(step, loss.item(), "AP", average_precision(net(XT).squeeze(-1), YT))
with torch.no_grad(): ap = average_precision(net(XT).squeeze(-1), YT)
print(f"average precision {ap:.3f} (base rate {YT.mean().item():.3f})")

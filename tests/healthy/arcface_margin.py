# metric learning with an ArcFace head: the logits are cosines times 30, so the loss starts far above log(classes)
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(14)
CLASSES, NEW = 20, 10
basis = torch.randn(CLASSES + NEW, 6)
lift = torch.randn(6, 40)

def faces(n, lo, hi):
    y = torch.randint(lo, hi, (n,))
    z = basis[y] + 0.45 * torch.randn(n, 6)
    return torch.tanh(z @ lift / 2.4) + 0.2 * torch.randn(n, 40), y

class ArcMargin(nn.Module):
    def __init__(self, d, c, s=30.0, m=0.3):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(c, d)); nn.init.xavier_uniform_(self.weight)
        self.s, self.cm, self.sm, self.th, self.mm = s, math.cos(m), math.sin(m), math.cos(math.pi - m), math.sin(math.pi - m) * m
    def forward(self, e, y):
        cos = F.linear(F.normalize(e), F.normalize(self.weight)).clamp(-1 + 1e-6, 1 - 1e-6)
        phi = cos * self.cm - (1 - cos ** 2).sqrt() * self.sm
        phi = torch.where(cos > self.th, phi, cos - self.mm)
        hot = F.one_hot(y, cos.size(1)).bool()
        return self.s * torch.where(hot, phi, cos)

embed = nn.Sequential(nn.Linear(40, 96), nn.BatchNorm1d(96), nn.PReLU(), nn.Linear(96, 24), nn.BatchNorm1d(24))
head = ArcMargin(24, CLASSES)
opt = torch.optim.SGD([{"params": embed.parameters()}, {"params": head.parameters(), "weight_decay": 5e-4}], lr=0.02, momentum=0.9, nesterov=True)
sched = torch.optim.lr_scheduler.MultiStepLR(opt, [250, 350], 0.2)
for i in range(400):
    x, y = faces(128, 0, CLASSES)
    loss = F.cross_entropy(head(embed(x), y), y)
    opt.zero_grad(); loss.backward(); opt.step(); sched.step()
    if i % 50 == 0: print(f"{i:3d} loss {loss.item():.3f}")

def knn_new():
    embed.eval()
    with torch.no_grad():
        g, gy = faces(200, CLASSES, CLASSES + NEW); q, qy = faces(500, CLASSES, CLASSES + NEW)
        a = (F.normalize(embed(q)) @ F.normalize(embed(g)).T).topk(5).indices
    embed.train()
    return (gy[a].mode(1).values == qy).float().mean().item()
print(f"5-NN accuracy on {NEW} identities never trained on: {knn_new():.3f} (chance {1 / NEW}); final loss {loss.item():.3f}")

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(10)

# stage 1: ten texture classes; stage 2: two new classes with few pictures, trunk frozen
freqs = [(1, 0), (0, 1), (1, 1), (2, 0), (0, 2), (2, 1), (1, 2), (2, 2), (3, 0), (0, 3), (3, 1), (1, 3)]

def textures(n, classes):
    k = torch.tensor(classes)[torch.randint(0, len(classes), (n,))]
    f = torch.tensor(freqs).float()[k]
    g = torch.arange(12).float() / 12 * 6.2832
    arg = f[:, 0].view(-1, 1, 1) * g.view(1, 12, 1) + f[:, 1].view(-1, 1, 1) * g.view(1, 1, 12)
    x = torch.sin(arg + 6.2832 * torch.rand(n, 1, 1)) + 0.4 * torch.randn(n, 12, 12)
    return x.unsqueeze(1), k - classes[0]


backbone = nn.Sequential(
    nn.Conv2d(1, 16, 5, padding=2), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(),
)
head = nn.Linear(32, 10)
x, y = textures(1200, list(range(10)))
opt = torch.optim.Adam(list(backbone.parameters()) + list(head.parameters()), lr=3e-3)
for ep in range(4):
    for idx in torch.randperm(len(x)).split(48):
        loss = F.cross_entropy(head(backbone(x[idx])), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"source epoch {ep + 1} loss {loss.item():.4f}")

for p in backbone.parameters():
    p.requires_grad_(False)
backbone.eval()

x2, y2 = textures(80, [10, 11])
xt, yt = textures(400, [10, 11])
new_head = nn.Linear(32, 2)
opt = torch.optim.Adam(new_head.parameters(), lr=1e-2)
for ep in range(60):
    for idx in torch.randperm(80).split(20):
        loss = F.cross_entropy(new_head(backbone(x2[idx])), y2[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if ep % 10 == 9:
        print(f"target epoch {ep + 1} loss {loss.item():.4f}")
with torch.no_grad():
    print(f"target test accuracy {(new_head(backbone(xt)).argmax(1) == yt).float().mean().item():.3f}")

"""Transfer: pretrain a small CNN on task A, save it, load it, freeze it, train a new head on task B."""
import os, tempfile
import torch
from torch import nn

torch.manual_seed(21)
ORI = torch.linspace(0, 3.1416, 9)[:-1]


def gratings(n):
    o = torch.randint(0, 8, (n,)); f = torch.randint(0, 2, (n,))
    g = torch.linspace(-1, 1, 16)
    yy, xx = torch.meshgrid(g, g, indexing="ij")
    ph = torch.rand(n, 1, 1) * 6.28
    u = xx * ORI[o].cos()[:, None, None] + yy * ORI[o].sin()[:, None, None]
    im = torch.sin((5 + 4 * f)[:, None, None] * u + ph) + 0.4 * torch.randn(n, 16, 16)
    return im[:, None], o, f


def backbone():
    return nn.Sequential(nn.Conv2d(1, 16, 5, padding=2), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())


path = os.path.join(tempfile.gettempdir(), f"frozen_backbone_{os.getpid()}.pt")
if True:  # --- stage 1, orientation
    body = backbone(); head = nn.Linear(128, 8)
    opt = torch.optim.Adam([*body.parameters(), *head.parameters()], lr=3e-3)
    for i in range(45):
        x, o, _ = gratings(64)
        l = nn.functional.cross_entropy(head(body(x)), o)
        opt.zero_grad(); l.backward(); opt.step()
    print("pretrain loss", l.item())
    torch.save(body.state_dict(), path)

# --- stage 2, frequency
features = backbone()
features.load_state_dict(torch.load(path))
os.remove(path)
for p in features.parameters():
    p.requires_grad = False
features.eval()                      # BN statistics stay as they are
clf = nn.Linear(128, 2)
opt = torch.optim.SGD(filter(lambda p: p.requires_grad, clf.parameters()), lr=0.05, momentum=0.9)
for i in range(250):
    x, _, f = gratings(64)
    loss = nn.functional.cross_entropy(clf(features(x)), f)
    opt.zero_grad(); loss.backward(); opt.step()
    if i % 50 == 0:
        print("head", i, round(loss.item(), 4))
with torch.no_grad():
    x, _, f = gratings(1000)
    acc = (clf(features(x)).argmax(1) == f).float().mean().item()
print(f"accuracy on fresh gratings {acc:.3f} (chance 0.5)")

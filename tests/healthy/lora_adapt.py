import torch, torch.nn as nn
torch.manual_seed(9)


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, r=4, alpha=8):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.A = nn.Parameter(torch.randn(r, base.in_features) / base.in_features ** 0.5)
        self.B = nn.Parameter(torch.zeros(base.out_features, r))      # zero: starts as the frozen model
        self.scale = alpha / r

    def forward(self, x):
        return self.base(x) + (x @ self.A.T) @ self.B.T * self.scale


def teacher_weights(g):
    return [torch.randn(32, 16, generator=g) / 4, torch.randn(32, 32, generator=g) / 5.6, torch.randn(5, 32, generator=g) / 3]


def teach(ws, x):
    h = x
    for w in ws[:-1]:
        h = torch.tanh(1.5 * h @ w.T)
    return (h @ ws[-1].T).argmax(1)


g = torch.Generator().manual_seed(0)
old = teacher_weights(g)
new = [w.clone() for w in old]
new[1] += torch.randn(32, 2, generator=g) @ torch.randn(2, 32, generator=g) * 0.25     # the new domain: a low-rank shift

net = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 5))
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
for i in range(40):                                       # "pre-training"
    x = torch.randn(256, 16)
    loss = nn.functional.cross_entropy(net(x), teach(old, x))
    opt.zero_grad(); loss.backward(); opt.step()

for p in net.parameters(): p.requires_grad_(False)
for name in ("0", "2"):
    net._modules[name] = LoRALinear(net._modules[name])
net[4].requires_grad_(True)
train_params = [p for p in net.parameters() if p.requires_grad]
print("trainable", sum(p.numel() for p in train_params), "of", sum(p.numel() for p in net.parameters()))
xt = torch.randn(2000, 16); yt = teach(new, xt)
acc = lambda: (net(xt).argmax(1) == yt).float().mean().item()
a0 = acc()
opt = torch.optim.AdamW(train_params, lr=5e-3, weight_decay=0.0)
for i in range(400):
    x = torch.randn(128, 16)
    loss = nn.functional.cross_entropy(net(x), teach(new, x))
    opt.zero_grad(); loss.backward(); opt.step()
    if i % 80 == 0: print(i, loss.item())
with torch.no_grad():
    print(f"accuracy on the new domain {a0:.3f} -> {acc():.3f} (majority {yt.bincount().max().item() / 2000:.3f})")

import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts
from torch.optim.swa_utils import AveragedModel

torch.manual_seed(52)
x = torch.randn(3600, 15)
teach = nn.Sequential(nn.Linear(15, 16), nn.Tanh(), nn.Linear(16, 5, bias=False))
for p in teach.parameters():
    p.data.mul_(2)
with torch.no_grad():
    y = teach(x).argmax(1)

net = nn.Sequential(nn.Linear(15, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 5))
decay = [p for p in net.parameters() if p.ndim > 1]
plain = [p for p in net.parameters() if p.ndim == 1]
opt = torch.optim.AdamW([{"params": decay, "weight_decay": 1.0}, {"params": plain, "weight_decay": 0.0}], lr=4e-3)
sched = CosineAnnealingWarmRestarts(opt, T_0=75, eta_min=1e-7)
ema = AveragedModel(net)
seen = []
for step in range(1, 601):
    net.train()
    i = torch.randint(0, 3000, (128,))
    loss = nn.functional.cross_entropy(net(x[i]), y[i], label_smoothing=0.05)
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    seen.append(loss.item())
    if step % 75 == 74:
        ema.update_parameters(net)
        print(f"step {step} loss {sum(seen[-25:]) / 25:.4f} lr {opt.param_groups[0]['lr']:.2e}")
ema.eval()
with torch.no_grad():
    print(f"final test acc {(ema(x[3000:]).argmax(1) == y[3000:]).float().mean():.3f} (majority {y[3000:].bincount().max().item() / 600:.3f})")

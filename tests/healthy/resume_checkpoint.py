"""A job that is 'preempted' every 60 steps and resumes from its checkpoint: model, optimizer and scheduler are rebuilt each time."""
import os, tempfile
import torch
from torch import nn

CKPT = os.path.join(tempfile.mkdtemp(), "last.pt")
TOTAL = 240


def make_batch(step, n=128):
    g = torch.Generator().manual_seed(1000 + step)
    x = torch.randn(n, 3, 16, generator=g)
    s = torch.fft.rfft(x[:, 0]).abs()[:, 1:5].sum(1) - torch.fft.rfft(x[:, 1]).abs()[:, 5:].sum(1)
    return x, (s / 6)[:, None]


def build():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv1d(3, 48, 16, padding=8, padding_mode="circular"), nn.GELU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.LayerNorm(48), nn.Linear(48, 48), nn.GELU(), nn.Linear(48, 1))
    opt = torch.optim.AdamW(net.parameters(), lr=4e-3)
    sch = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1, (s + 1) / 20) * (1 - 0.9 * s / TOTAL))
    return net, opt, sch


def life(stop_after):
    net, opt, sch = build()
    step = 0
    if os.path.exists(CKPT):
        c = torch.load(CKPT, weights_only=True)
        net.load_state_dict(c["net"]); opt.load_state_dict(c["opt"]); sch.load_state_dict(c["sch"]); step = c["step"]
        print("resumed at step", step)
    for step in range(step, min(TOTAL, step + stop_after)):
        x, y = make_batch(step)
        loss = nn.functional.mse_loss(net(x), y)
        opt.zero_grad(); loss.backward(); opt.step(); sch.step()
    torch.save(dict(net=net.state_dict(), opt=opt.state_dict(), sch=sch.state_dict(), step=step + 1), CKPT)
    print(f"stopped after step {step}, loss {loss.item():.4f}")
    return net


for _ in range(4):
    net = life(60)
with torch.no_grad():
    x, y = make_batch(10 ** 6, 2000)
    print(f"held-out R2 {1 - (nn.functional.mse_loss(net(x), y) / y.var()).item():.3f}")
os.remove(CKPT)

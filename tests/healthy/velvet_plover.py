"""Leaky integrate-and-fire classifier for event-camera style gestures (direction of motion)."""
import torch
import torch.nn as nn
import torch.nn.functional as F

T, SIDE, CLASSES = 16, 10, 4
torch.manual_seed(21)


def make_events(n, seed):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(CLASSES, (n,), generator=g)
    start = torch.randint(SIDE, (n, 1), generator=g)
    step = torch.where(y % 2 == 0, 1, -1)[:, None]
    pos = (start + step * (torch.arange(T)[None, :] * 3 // 4)) % SIDE
    bar = F.one_hot(pos, SIDE).float()                               # n, T, SIDE
    rows = bar[:, :, :, None].expand(n, T, SIDE, SIDE)
    cols = bar[:, :, None, :].expand(n, T, SIDE, SIDE)
    frames = torch.where((y < 2)[:, None, None, None], rows, cols)
    keep = torch.rand(frames.shape, generator=g) < 0.6
    spurious = torch.rand(frames.shape, generator=g) < 0.03
    ev = ((frames > 0) & keep) | spurious
    return ev.flatten(2).float(), y


class FastSigmoidSpike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, u):
        ctx.save_for_backward(u)
        return (u > 0).to(u.dtype)

    @staticmethod
    def backward(ctx, grad):
        (u,) = ctx.saved_tensors
        return grad / (1.0 + 5.0 * u.abs()) ** 2


spike = FastSigmoidSpike.apply


class LIF(nn.Module):
    def __init__(self, n_in, n_out, decay):
        super().__init__()
        self.fc = nn.Linear(n_in, n_out)
        self.decay = nn.Parameter(torch.full((n_out,), decay))

    def forward(self, current, u, s):
        d = self.decay.clamp(0.0, 0.99)
        u = d * u * (1.0 - s.detach()) + self.fc(current)
        s = spike(u - 1.0)
        return u, s


class Gesture(nn.Module):
    def __init__(self, hidden=96):
        super().__init__()
        self.l1 = LIF(SIDE * SIDE + hidden, hidden, 0.85)
        self.out = nn.Linear(hidden, CLASSES, bias=False)
        nn.init.normal_(self.l1.fc.weight, std=0.25)
        self.hidden = hidden

    def forward(self, ev):
        n = ev.shape[0]
        u = s = ev.new_zeros(n, self.hidden)
        v = ev.new_zeros(n, CLASSES)
        rate = 0.0
        peak = []
        for t in range(ev.shape[1]):
            u, s = self.l1(torch.cat([ev[:, t], s], 1), u, s)
            v = 0.9 * v + self.out(s)
            peak.append(v)
            rate = rate + s.mean() / ev.shape[1]
        return torch.stack(peak, 1).mean(1), rate


def accuracy(model, x, y):
    with torch.no_grad():
        logits, rate = model(x)
    return (logits.argmax(1) == y).float().mean().item(), rate.item()


xtr, ytr = make_events(1500, 1)
xte, yte = make_events(500, 2)
net = Gesture()
optimizer = torch.optim.Adamax(net.parameters(), lr=4e-3)
for epoch in range(14):
    order = torch.randperm(len(xtr))
    tot = 0.0
    for i in range(0, len(order), 50):
        idx = order[i:i + 50]
        logits, rate = net(xtr[idx])
        loss = F.cross_entropy(logits, ytr[idx]) + 2.0 * (rate - 0.1).clamp(min=0) ** 2
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        tot += loss.item() * len(idx)
    acc, rate = accuracy(net, xte, yte)
    print(f"epoch {epoch:2d}  loss {tot / len(xtr):.4f}  test acc {acc:.3f}  spikes/neuron/step {rate:.3f}")

"""Touch gestures from an event-based skin: leaky integrate-and-fire units trained with a surrogate slope."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SENSORS, TICKS, GESTURES = 24, 30, 5


class Fire(torch.autograd.Function):
    @staticmethod
    def forward(ctx, v):
        ctx.save_for_backward(v)
        return (v > 0).float()

    @staticmethod
    def backward(ctx, g):
        (v,) = ctx.saved_tensors
        return g / (1 + 4.0 * v.abs()) ** 2


def gesture_events(n, seed):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(GESTURES, (n,), generator=g)
    t = torch.linspace(0, 1, TICKS)[None]
    start = 0.25 * torch.rand(n, 1, generator=g)
    s = ((t - start) / 0.7).clamp(0, 1)
    path = torch.stack([s, 1 - s, (2 * s - 1).abs(), 1 - (2 * s - 1).abs(), 0.5 + 0.5 * torch.sin(12.6 * s)], 0)
    pos = path[y, torch.arange(n)] * (SENSORS - 1)
    gap = torch.arange(SENSORS)[None, None] - pos[..., None]
    rate = 0.02 + 0.75 * torch.exp(-gap ** 2 / 2.5)
    return (torch.rand(n, TICKS, SENSORS, generator=g) < rate).float(), y


class SpikingLayer(nn.Module):
    def __init__(self, n_in, n_out, leak=0.9, threshold=1.0):
        super().__init__()
        self.syn = nn.Linear(n_in, n_out, bias=False)
        self.back = nn.Linear(n_out, n_out, bias=False)
        nn.init.normal_(self.syn.weight, 0.0, 1.3 / n_in ** 0.5)
        nn.init.normal_(self.back.weight, 0.0, 0.25 / n_out ** 0.5)
        self.leak, self.threshold = leak, threshold

    def forward(self, spikes):
        drive = self.syn(spikes)
        v = torch.zeros_like(drive[:, 0])
        s = torch.zeros_like(v)
        out = []
        for t in range(spikes.shape[1]):
            v = self.leak * v * (1 - s.detach()) + drive[:, t] + self.back(s)
            s = Fire.apply(v - self.threshold)
            out.append(s)
        return torch.stack(out, dim=1)


class Skin(nn.Module):
    def __init__(self, hidden=80):
        super().__init__()
        self.layer = SpikingLayer(SENSORS, hidden)
        self.read = nn.Linear(hidden, GESTURES)

    def forward(self, x):
        spikes = self.layer(x)
        # leaky, non-spiking readout: each tick votes
        return self.read(spikes).mean(1) * 4.0, spikes.mean()


def epoch(net, loader, opt=None):
    hit = n = 0
    loss_sum = rate_sum = 0.0
    with torch.set_grad_enabled(opt is not None):
        for x, y in loader:
            logits, rate = net(x)
            loss = nn.functional.cross_entropy(logits, y) + 0.5 * rate
            if opt is not None:
                opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(net.parameters(), 2.0)
                opt.step()
            loss_sum += loss.item() * len(y)
            rate_sum += rate.item() * len(y)
            hit += (logits.argmax(1) == y).sum().item()
            n += len(y)
    return loss_sum / n, hit / n, rate_sum / n


torch.manual_seed(9)
train = DataLoader(TensorDataset(*gesture_events(1500, 1)), batch_size=50, shuffle=True)
test = DataLoader(TensorDataset(*gesture_events(600, 2)), batch_size=300)
net = Skin()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for e in range(1, 19):
    tl, ta, _ = epoch(net, train, opt)
    vl, va, rate = epoch(net, test)
    print(f"epoch {e:2d}  train {tl:.3f} / {ta:.3f}   test {vl:.3f} / {va:.3f}   spikes per unit and tick {rate:.3f}")

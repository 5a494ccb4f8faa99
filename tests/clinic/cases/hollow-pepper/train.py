# Which constituent dominates a mixture?  Absorbance spectra -> class, with a small tanh network.
import configparser
import math
import os
import tempfile
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

cfg = configparser.ConfigParser()
cfg.read(os.path.join(os.path.dirname(os.path.abspath(__file__)), "settings.ini"))


class MixtureLab:
    """Beer-Lambert mixtures of constituents with overlapping bands."""

    def __init__(self, section, seed):
        self.rng = np.random.default_rng(seed)
        self.n_wave = section.getint("wavelengths")
        self.n_kinds = section.getint("constituents")
        self.noise = section.getfloat("noise")
        axis = np.linspace(0, 1, self.n_wave)
        self.bands = np.stack([
            sum(a * np.exp(-0.5 * ((axis - c) / w) ** 2)
                for a, c, w in zip(self.rng.uniform(0.3, 1, 4), self.rng.uniform(0, 1, 4), self.rng.uniform(0.05, 0.12, 4)))
            for _ in range(self.n_kinds)])

    def measure(self, count):
        share = self.rng.dirichlet(np.full(self.n_kinds, 1.6), size=count)
        absorb = share @ self.bands * self.rng.uniform(0.8, 1.2, size=(count, 1))
        spectra = absorb + self.noise * self.rng.standard_normal(absorb.shape)
        return torch.tensor(spectra, dtype=torch.float32), torch.tensor(share.argmax(1))


class Standardizer(nn.Module):
    """Centres and scales with statistics held as buffers, so that they go into the checkpoint."""

    def __init__(self, width):
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("std", torch.ones(width))

    def fit(self, x):
        self.mean.copy_(x.mean(0))
        self.std.copy_(x.std(0))
        return self

    def forward(self, x):
        return (x - self.mean) / self.std


class GainTanh(nn.Module):
    def __init__(self, width, gain):
        super().__init__()
        self.gain = nn.Parameter(torch.full((width,), float(gain)))

    def forward(self, x):
        return torch.tanh(x * self.gain)


class Block(nn.Module):
    def __init__(self, n_in, n_out, gain):
        super().__init__()
        self.lin = nn.Linear(n_in, n_out)
        self.act = GainTanh(n_out, gain)

    def forward(self, x):
        return self.act(self.lin(x))


class SpectraNet(nn.Module):
    def __init__(self, n_wave, n_kinds, hidden, blocks, gain=None):
        super().__init__()
        self.scale = Standardizer(n_wave)
        gain = n_wave if gain is None else gain
        widths = [n_wave] + [hidden] * blocks
        self.blocks = nn.ModuleList(Block(a, b, gain) for a, b in zip(widths, widths[1:]))
        self.head = nn.Linear(hidden, n_kinds)

    def forward(self, x):
        h = self.scale(x)
        for block in self.blocks:
            h = block(h)
        return self.head(h)


class BatchStream:
    def __init__(self, x, y, size, seed):
        self.x, self.y, self.size = x, y, size
        self.gen = torch.Generator().manual_seed(seed)

    def __len__(self):
        return math.ceil(len(self.y) / self.size)

    def __iter__(self):
        order = torch.randperm(len(self.y), generator=self.gen)
        for part in order.split(self.size):
            yield self.x[part], self.y[part]


class Session:
    def __init__(self, model, stream, held_out, section):
        self.model, self.stream, self.held_out = model, stream, held_out
        self.epochs = section.getint("epochs")
        self.warmup = section.getint("warmup_epochs")
        self.opt = torch.optim.Adam(model.parameters(), lr=section.getfloat("lr"))
        self.sched = torch.optim.lr_scheduler.SequentialLR(
            self.opt,
            [torch.optim.lr_scheduler.LinearLR(self.opt, 0.2, 1.0, self.warmup),
             torch.optim.lr_scheduler.CosineAnnealingLR(self.opt, self.epochs - self.warmup, eta_min=1e-4)],
            milestones=[self.warmup])

    def epoch(self):
        self.model.train()
        loss_sum = hits = 0.0
        for x, y in self.stream:
            logits = self.model(x)
            loss = F.cross_entropy(logits, y)
            self.opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
            self.opt.step()
            loss_sum += loss.item() * len(y)
            hits += (logits.argmax(1) == y).sum().item()
        self.sched.step()
        n = len(self.stream.y)
        return loss_sum / n, hits / n

    @torch.no_grad()
    def score(self):
        self.model.eval()
        x, y = self.held_out
        logits = self.model(x)
        return F.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()

    def run(self, path):
        best = 0.0
        for e in range(self.epochs):
            start = time.perf_counter()
            loss, acc = self.epoch()
            v_loss, v_acc = self.score()
            if v_acc > best:
                best = v_acc
                torch.save({"net": self.model.state_dict(), "opt": self.opt.state_dict(), "epoch": e}, path)
            if e % 3 == 2:
                print("%2d/%d  loss %.3f acc %.3f  held-out %.3f %.3f  (%.2f s)"
                      % (e + 1, self.epochs, loss, acc, v_loss, v_acc, time.perf_counter() - start))
        return best


def main():
    seed = cfg["schedule"].getint("seed")
    torch.manual_seed(seed)
    lab = MixtureLab(cfg["spectra"], seed)
    x, y = lab.measure(cfg["spectra"].getint("samples"))
    held_out = lab.measure(cfg["spectra"].getint("held_out"))
    net = SpectraNet(lab.n_wave, lab.n_kinds, cfg["network"].getint("hidden"), cfg["network"].getint("blocks"))
    net.scale.fit(x)
    print("class shares:", (torch.bincount(y) / len(y)).numpy().round(2))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "net.pt")
        best = Session(net, BatchStream(x, y, cfg["schedule"].getint("batch"), seed), held_out, cfg["schedule"]).run(path)
        kept = torch.load(path)
    print("best held-out accuracy %.3f at epoch %d" % (best, kept["epoch"] + 1))


main()

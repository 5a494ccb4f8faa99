import torch
from torch import nn
import torch.nn.functional as F


class Codebook(nn.Module):
    def __init__(self, codes, dim, decay=0.95):
        super().__init__()
        self.decay = decay
        self.register_buffer("book", torch.randn(codes, dim))
        self.register_buffer("count", torch.ones(codes))
        self.register_buffer("total", self.book.clone())

    def forward(self, z):
        b, d, t = z.shape
        flat = z.transpose(1, 2).reshape(-1, d)
        pick = torch.cdist(flat, self.book).argmin(1)
        chosen = self.book[pick]
        if self.training:
            self.refresh(flat.detach(), pick)
        chosen = chosen.view(b, t, d).transpose(1, 2)
        pull = F.mse_loss(z, chosen)
        return z + (chosen - z).detach(), pull, pick

    @torch.no_grad()
    def refresh(self, flat, pick):
        hot = F.one_hot(pick, len(self.book)).float()
        self.count.lerp_(hot.sum(0), 1 - self.decay)
        self.total.lerp_(hot.t() @ flat, 1 - self.decay)
        idle = self.count < 0.5
        if idle.any():
            fresh = flat[torch.randint(len(flat), (int(idle.sum()),))]
            self.total[idle], self.count[idle] = fresh, 1.0
        self.book.copy_(self.total / self.count[:, None])


class Recorder(nn.Module):
    def __init__(self, dim=16, codes=64):
        super().__init__()
        self.down = nn.Sequential(nn.Conv1d(1, 24, 4, 2, 1), nn.ReLU(), nn.Conv1d(24, 32, 4, 2, 1), nn.ReLU(),
                                  nn.Conv1d(32, dim, 3, 1, 1))
        self.book = Codebook(codes, dim)
        self.up = nn.Sequential(nn.ConvTranspose1d(dim, 32, 4, 2, 1), nn.ReLU(),
                                nn.ConvTranspose1d(32, 24, 4, 2, 1), nn.ReLU(), nn.Conv1d(24, 1, 5, 1, 2))

    def forward(self, x):
        code, pull, pick = self.book(self.down(x))
        return self.up(code), pull, pick


def tides(n, length=64):
    t = torch.arange(length).float()
    x = torch.zeros(n, length)
    for _ in range(2):
        f = 0.02 + 0.06 * torch.rand(n, 1)
        x += (0.4 + torch.rand(n, 1)) * torch.sin(2 * torch.pi * (f * t + torch.rand(n, 1)))
    return (x / 1.25 + 0.05 * torch.randn(n, length)).unsqueeze(1)


def endless(n):
    while True:
        yield tides(n)


torch.manual_seed(17)
model = Recorder()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
held = tides(500)
for step, x in enumerate(endless(64), 1):
    out, pull, pick = model(x)
    recon = F.mse_loss(out, x)
    opt.zero_grad()
    (recon + 0.25 * pull).backward()
    opt.step()
    if step == 1 or step % 75 == 0:
        model.eval()
        with torch.no_grad():
            out, _, pick = model(held)
            use = torch.bincount(pick, minlength=64) / pick.numel()
            perplexity = torch.exp(-(use * (use + 1e-9).log()).sum()).item()
            print(f"{step} recon {recon.item():.4f} pull {pull.item():.4f} "
                  f"held {F.mse_loss(out, held).item():.4f} perplexity {perplexity:.1f}")
        model.train()
    if step == 450:
        break

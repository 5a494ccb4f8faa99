"""First reconstruct windows of a signal without labels, then classify with the encoder; an optimizer for each phase."""
import torch
from torch import nn

torch.manual_seed(233)
WINDOW, MOTIFS = 40, 4
motif = torch.randn(MOTIFS, 12).cumsum(1)
motif = (motif - motif.mean(1, keepdim=True)) / motif.std(1, keepdim=True)


def windows(n):
    kind = torch.randint(0, MOTIFS, (n,))
    x = 0.3 * torch.randn(n, WINDOW)
    start = torch.randint(0, WINDOW - 12, (n, 1)) + torch.arange(12)
    x.scatter_add_(1, start, motif[kind] * (0.8 + 0.4 * torch.rand(n, 1)))
    return x.unsqueeze(1), kind


class Encoder(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv1d(1, 16, 9, padding=4), nn.ReLU(), nn.Conv1d(16, 24, 9, stride=2, padding=4), nn.ReLU())


def pretrain(encoder, steps):
    decoder = nn.ConvTranspose1d(24, 1, 10, stride=2, padding=4)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=3e-3)
    for step in range(steps):
        x, _ = windows(32)
        hidden = (torch.rand(32, 1, WINDOW // 4) < 0.25).repeat_interleave(4, 2)
        recon = decoder(encoder(x.masked_fill(hidden, 0.0)))
        loss = nn.functional.mse_loss(recon, x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 40 == 0 or step == steps - 1:
            print(f"[pretrain] step {step:3d} reconstruction {loss.item():.4f} of {x.var().item():.3f}")


def finetune(encoder, steps):
    head = nn.Linear(24, MOTIFS)
    optimizer = torch.optim.Adam([{"params": head.parameters(), "lr": 1e-2}, {"params": encoder.parameters(), "lr": 2e-3}])
    x_test, kind_test = windows(400)
    for step in range(steps):
        x, kind = windows(32)
        loss = nn.functional.cross_entropy(head(encoder(x).amax(2)), kind)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 40 == 0 or step == steps - 1:
            with torch.no_grad():
                acc = (head(encoder(x_test).amax(2)).argmax(1) == kind_test).float().mean().item()
            print(f"[finetune] step {step:3d} loss {loss.item():.3f} test accuracy {acc:.3f}")


if __name__ == "__main__":
    shared = Encoder()
    pretrain(shared, 160)
    finetune(shared, 160)

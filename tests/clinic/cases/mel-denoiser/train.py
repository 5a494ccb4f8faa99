"""Denoises short mel-spectrogram frames with a small residual convolutional net."""
import math
import torch
import torch.nn as nn

config = {
    'lr': 6e-1,
    'scheduler_gamma': 0.98,
    'grad_clip_threshold': 1,
    'batch_size': 16,
    'steps': 200,
    'bands': 20,
    'frames': 24,
}


def make_mels(n, c):
    band = torch.arange(c['bands']).float()[None, :, None]
    frame = torch.arange(c['frames']).float()[None, None, :]
    f0 = 3 + 14 * torch.rand(n, 1, 1)
    glide = (torch.rand(n, 1, 1) - .5) * .5
    clean = sum(torch.exp(-((band - k * (f0 + glide * frame) / 2) ** 2) / 3) for k in (1, 2))
    return 2 * clean - 0.5


class Denoiser(nn.Module):
    def __init__(self, ch=12):
        super().__init__()
        self.inp = nn.Conv2d(1, ch, 3, padding=1)
        self.mid = nn.ModuleList(nn.Conv2d(ch, ch, 3, padding=1) for _ in range(2))
        self.out = nn.Conv2d(ch, 1, 3, padding=1)

    def forward(self, x):
        h = torch.relu(self.inp(x))
        for conv in self.mid:
            h = h + torch.relu(conv(h))
        return self.out(h)


torch.manual_seed(99)
mels = make_mels(800, config)
net = Denoiser()
optimizer = torch.optim.Adam(net.parameters(), lr=config['lr'])
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=config['scheduler_gamma'])
l1 = nn.L1Loss()

for iteration in range(config['steps']):
    batch = mels[torch.randint(0, 700, (config['batch_size'],))].unsqueeze(1)
    net.zero_grad()
    loss = l1(net(batch + 0.5 * torch.randn_like(batch)), batch)
    loss.backward()
    grad_norm = nn.utils.clip_grad_norm_(net.parameters(), config['grad_clip_threshold'])
    optimizer.step()
    if iteration % 50 == 49:
        scheduler.step()
        print(f'iteration {iteration + 1}: total_loss {loss.item():.4f} grad_norm {grad_norm:.3f}')

with torch.no_grad():
    clean = mels[700:].unsqueeze(1)
    err = l1(net(clean + 0.5 * torch.randn_like(clean)), clean).item()
print(f'test l1 {err:.3f} (constant median {(clean - clean.median()).abs().mean().item():.3f})')

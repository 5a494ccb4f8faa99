import math
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader


class Signals(Dataset):
    def __init__(self, stack):
        self.stack = stack

    def __len__(self):
        return self.stack.shape[0]

    def __getitem__(self, idx):
        return self.stack[idx]


def synth(n, seed, length=64):
    g = torch.Generator().manual_seed(seed)
    t = torch.linspace(0, 1, length)
    f = 1 + 4 * torch.rand(n, 1, generator=g)
    ph = 2 * math.pi * torch.rand(n, 1, generator=g)
    clean = torch.sin(2 * math.pi * f * t + ph)
    noisy = clean + 0.5 * torch.randn(n, length, generator=g)
    return noisy.unsqueeze(1), clean.unsqueeze(1)


class Denoiser(nn.Module):
    def __init__(self, ch=16):
        super().__init__()
        self.enc = nn.Sequential(
            nn.Conv1d(1, ch, 7, padding=3), nn.ReLU(),
            nn.Conv1d(ch, ch, 7, padding=6, dilation=2), nn.ReLU(),
        )
        self.dec = nn.Conv1d(ch, 1, 7, padding=3)

    def forward(self, x):
        return self.dec(self.enc(x))


def snr_db(model, loader_x, loader_y):
    num = den = 0.0
    model.eval()
    with torch.no_grad():
        for a, b in zip(loader_x, loader_y):
            num += (b ** 2).sum().item()
            den += ((model(a) - b) ** 2).sum().item()
    model.train()
    return 10 * math.log10(num / den)


if __name__ == "__main__":
    torch.manual_seed(9)
    noisy, clean = synth(1600, 1)
    vnoisy, vclean = synth(300, 2)
    noisy_loader = DataLoader(Signals(noisy), batch_size=32, shuffle=True)
    clean_loader = DataLoader(Signals(clean), batch_size=32, shuffle=True)
    val_noisy = DataLoader(Signals(vnoisy), batch_size=100)
    val_clean = DataLoader(Signals(vclean), batch_size=100)

    net = Denoiser()
    mse = nn.MSELoss()
    optim = torch.optim.Adam(net.parameters(), lr=2e-3)
    for epoch in range(10):
        acc = 0.0
        for inp, ref in zip(noisy_loader, clean_loader):
            out = net(inp)
            loss = mse(out, ref)
            optim.zero_grad()
            loss.backward()
            optim.step()
            acc += loss.item()
        print("epoch {:2d} mse {:.4f} val snr {:.2f} dB".format(epoch, acc / len(noisy_loader), snr_db(net, val_noisy, val_clean)))

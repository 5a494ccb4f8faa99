
import torch
from torch import nn

torch.manual_seed(77)

Z_DIM = 8
BATCH = 64
EPOCHS = 20
SIDE = 16


def draw_frames(n, seed):
    """Top-down track frames: a bright road strip with a car blob on it."""
    g = torch.Generator().manual_seed(seed)
    yy, xx = torch.meshgrid(torch.linspace(-1, 1, SIDE), torch.linspace(-1, 1, SIDE), indexing="ij")
    ang = (torch.rand(n, 1, 1, generator=g) - 0.5) * 2.4
    off = (torch.rand(n, 1, 1, generator=g) - 0.5) * 0.9
    pos = (torch.rand(n, 1, 1, generator=g) - 0.5) * 1.2
    d = torch.cos(ang) * xx + torch.sin(ang) * yy - off
    road = torch.sigmoid((0.3 - d.abs()) * 14)
    cx = off * torch.cos(ang) - pos * torch.sin(ang)
    cy = off * torch.sin(ang) + pos * torch.cos(ang)
    car = torch.exp(-((xx - cx) ** 2 + (yy - cy) ** 2) / 0.03)
    return (0.75 * road - 0.6 * car * road + 0.05).clamp(0, 1).flatten(1)


class ConvVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(
            nn.Unflatten(1, (1, SIDE, SIDE)),
            nn.Conv2d(1, 16, 4, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(16, 32, 4, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(),
        )
        self.mu = nn.Linear(32 * 16, Z_DIM)
        self.log_var = nn.Linear(32 * 16, Z_DIM)
        self.dec = nn.Sequential(
            nn.Linear(Z_DIM, 128), nn.ReLU(),
            nn.Linear(128, 32 * 16), nn.ReLU(),
            nn.Unflatten(1, (32, 4, 4)),
            nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1), nn.ReLU(),
            nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1), nn.Sigmoid(),
            nn.Flatten(),
        )

    def forward(self, x):
        h = self.enc(x)
        mu, log_var = self.mu(h), self.log_var(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * log_var)
        return self.dec(z), mu, log_var


def vae_r_loss(y_true, y_pred):
    return ((y_true - y_pred) ** 2).mean(dim=1)


def vae_kl_loss(mu, log_var):
    return -0.5 * (1 + log_var - mu.pow(2) - log_var.exp()).sum(dim=1)


def run():
    train, valid = draw_frames(1920, 1), draw_frames(384, 2)
    print("variance of the validation frames %.4f" % (valid - train.mean(0)).pow(2).mean().item())
    vae = ConvVAE()
    opt = torch.optim.Adam(vae.parameters(), lr=2e-3)
    for epoch in range(EPOCHS):
        vae.train()
        sums = torch.zeros(2)
        for idx in torch.randperm(len(train)).split(BATCH):
            x = train[idx]
            out, mu, log_var = vae(x)
            r, kl = vae_r_loss(x, out).mean(), vae_kl_loss(mu, log_var).mean()
            opt.zero_grad()
            (r + kl).backward()
            opt.step()
            sums += torch.tensor([r.item(), kl.item()]) * len(x)
        vae.eval()
        with torch.no_grad():
            rec, mu, log_var = vae(valid)
            val_r = vae_r_loss(valid, rec).mean().item()
        if (epoch + 1) % 4 == 0:
            a, b = (sums / len(train)).tolist()
            print(f"epoch {epoch + 1} - loss: {a + b:.4f} - vae_r_loss: {a:.4f} - vae_kl_loss: {b:.3e} - val_vae_r_loss: {val_r:.4f}")


run()

"""Variational autoencoder for small binary pictures (bars of random place and thickness)."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(2)
SIDE = 10


def bars(n):
    img = torch.zeros(n, SIDE, SIDE)
    for i in range(n):
        top, left = torch.randint(0, SIDE - 2, (2,)).tolist()
        h, w = torch.randint(2, 6, (2,)).tolist()
        img[i, top:top + h, left:left + w] = 1
    return img.flatten(1)


class VAE(nn.Module):
    def __init__(self, hidden=96, z=6):
        super().__init__()
        self.enc = nn.Linear(SIDE * SIDE, hidden)
        self.mu, self.logvar = nn.Linear(hidden, z), nn.Linear(hidden, z)
        self.dec1, self.dec2 = nn.Linear(z, hidden), nn.Linear(hidden, SIDE * SIDE)

    def encode(self, x):
        h = torch.relu(self.enc(x))
        return self.mu(h), self.logvar(h)

    def reparameterize(self, mu, logvar):
        return mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)

    def decode(self, z):
        return torch.sigmoid(self.dec2(torch.relu(self.dec1(z))))

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar


def loss_function(recon, x, mu, logvar):
    bce = F.binary_cross_entropy(recon, x, reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return bce + kld


model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
loader = DataLoader(TensorDataset(bars(4000)), batch_size=64, shuffle=True)
for epoch in range(1, 6):
    train_loss = 0.0
    for batch_idx, (data,) in enumerate(loader):
        optimizer.zero_grad()
        recon, mu, logvar = model(data)
        loss = loss_function(recon, data, mu, logvar)
        loss.backward()
        train_loss += loss.item()
        optimizer.step()
        if batch_idx % 60 == 0:
            print(f"Train Epoch: {epoch} [{batch_idx * len(data)}/{len(loader.dataset)}]\tLoss: {loss.item() / len(data):.3f}")
    print(f"====> Epoch: {epoch} Average loss: {train_loss / len(loader.dataset):.4f}")

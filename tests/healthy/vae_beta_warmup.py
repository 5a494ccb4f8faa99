import torch, torch.nn as nn, torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(2)


def bars(n, s=12):
    """0/1 pictures with a random horizontal and a random vertical bar"""
    im = torch.zeros(n, s, s)
    r, c = torch.randint(0, s - 1, (n,)), torch.randint(0, s - 1, (n,))
    for k in range(n):
        im[k, r[k]:r[k] + 2] = 1
        im[k, :, c[k]:c[k] + 2] = 1
    flip = torch.rand_like(im) < 0.02
    return torch.where(flip, 1 - im, im).flatten(1)


class VAE(nn.Module):
    def __init__(self, d=144, h=128, z=8):
        super().__init__()
        self.fc1 = nn.Linear(d, h); self.fc21 = nn.Linear(h, z); self.fc22 = nn.Linear(h, z)
        self.fc3 = nn.Linear(z, h); self.fc4 = nn.Linear(h, d)

    def encode(self, x):
        h = F.relu(self.fc1(x)); return self.fc21(h), self.fc22(h)

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.decode(z), mu, logvar


def elbo_terms(recon, x, mu, logvar):
    bce = F.binary_cross_entropy(recon, x, reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return bce, kld


train, test = bars(4000), bars(600)
loader = DataLoader(TensorDataset(train), batch_size=100, shuffle=True)
model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
step, WARM = 0, 150
for epoch in range(1, 13):
    model.train(); seen = 0.0
    for (x,) in loader:
        beta = min(1.0, step / WARM)
        recon, mu, logvar = model(x)
        bce, kld = elbo_terms(recon, x, mu, logvar)
        loss = bce + beta * kld
        optimizer.zero_grad(); loss.backward(); optimizer.step()
        seen += loss.item(); step += 1
    print(f"====> Epoch: {epoch} Average loss: {seen / len(train):.4f} beta {beta:.2f}")
model.eval()
with torch.no_grad():
    b, k = elbo_terms(*((r := model(test))[0], test, r[1], r[2]))
    p = train.mean(0).clamp(1e-3, 1 - 1e-3)
    base = F.binary_cross_entropy(p.expand_as(test), test, reduction="sum")
print(f"test -ELBO per picture {(b + k).item() / 600:.2f}, independent-pixel model {base.item() / 600:.2f}")

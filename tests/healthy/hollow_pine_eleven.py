import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(4)

# 10x10 binary-ish pictures: a rectangle somewhere
def rectangles(n):
    img = torch.zeros(n, 10, 10)
    for i in range(n):
        r, c = torch.randint(0, 6, (2,)).tolist()
        h, w = torch.randint(2, 5, (2,)).tolist()
        img[i, r:r + h, c:c + w] = 1.0
    return img.view(n, 100)


class VAE(nn.Module):
    def __init__(self, z=6):
        super().__init__()
        self.fc1 = nn.Linear(100, 128)
        self.mu, self.logvar = nn.Linear(128, z), nn.Linear(128, z)
        self.fc3 = nn.Linear(z, 128)
        self.fc4 = nn.Linear(128, 100)

    def forward(self, x):
        h = F.relu(self.fc1(x))
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z)))), mu, logvar


def vae_loss(recon, x, mu, logvar):
    bce = F.binary_cross_entropy(recon, x, reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return bce + kld


train, test = rectangles(2000), rectangles(300)
model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(25):
    perm = torch.randperm(len(train))
    total = 0
    for i in range(0, len(train), 50):
        x = train[perm[i:i + 50]]
        optimizer.zero_grad()
        loss = vae_loss(*((lambda o: (o[0], x, o[1], o[2]))(model(x))))
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 4 == 0:
        print(f"====> Epoch: {epoch} Average loss: {total / len(train):.3f}")

with torch.no_grad():
    recon, mu, logvar = model(test)
    mean_img = train.mean(0).clamp(1e-4, 1 - 1e-4).expand_as(test)
    base = F.binary_cross_entropy(mean_img, test).item()
    rec = F.binary_cross_entropy(recon, test).item()
print(f"test reconstruction BCE per pixel {rec:.4f} (mean image {base:.4f})")

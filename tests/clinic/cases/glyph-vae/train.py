import torch
import torch.utils.data
from torch import nn, optim
from torch.nn import functional as F

torch.manual_seed(1)
SIDE = 14


def draw(n):
    """white boxes and crosses on black"""
    img = torch.zeros(n, SIDE, SIDE)
    for i in range(n):
        r, c = torch.randint(2, SIDE - 5, (2,)).tolist()
        s = int(torch.randint(3, 6, (1,)))
        if i % 2:
            img[i, r:r + s, c:c + s] = 1
        else:
            img[i, r + s // 2, :] = 1
            img[i, :, c + s // 2] = 1
    return img.view(n, -1)


data = draw(2000)
test = draw(400)
loader = torch.utils.data.DataLoader(data, batch_size=50, shuffle=True)


class VAE(nn.Module):
    def __init__(self, z=8):
        super(VAE, self).__init__()
        self.fc1 = nn.Linear(SIDE * SIDE, 128)
        self.fc21 = nn.Linear(128, z)
        self.fc22 = nn.Linear(128, z)
        self.fc3 = nn.Linear(z, 128)
        self.fc4 = nn.Linear(128, SIDE * SIDE)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        return mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    bce = F.binary_cross_entropy(recon_x, x)
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()) / x.size(0)
    return bce + kld


model = VAE()
optimizer = optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(1, 21):
    model.train()
    train_loss = 0
    for batch in loader:
        optimizer.zero_grad()
        recon, mu, logvar = model(batch)
        loss = loss_function(recon, batch, mu, logvar)
        loss.backward()
        train_loss += loss.item()
        optimizer.step()
    print('====> Epoch: {} Average loss: {:.4f}'.format(epoch, train_loss / len(loader)))

model.eval()
with torch.no_grad():
    mu, _ = model.encode(test)
    out = model.decode(mu)
    err = ((out - test) ** 2).mean()
    base = ((test - data.mean(0)) ** 2).mean()
print('test reconstruction mse {:.4f}; mean image would give {:.4f}; spread between reconstructions {:.5f}'.format(err, base, out.std(0).mean()))

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(11)

# 16x16 gray images with a bright blob and a stripe
def sample_images(n):
    ys, xs = torch.meshgrid(torch.arange(16.), torch.arange(16.), indexing="ij")
    cx, cy = torch.rand(n, 1, 1) * 11 + 2, torch.rand(n, 1, 1) * 11 + 2
    img = torch.exp(-((xs - cx) ** 2 + (ys - cy) ** 2) / 8)
    col = torch.randint(0, 16, (n, 1, 1))
    img = img + 0.7 * ((xs - col).abs() < 1)
    return img.unsqueeze(1)


images = sample_images(2000)
images = (images - images.mean()) / images.std()
train, test = images[:1700], images[1700:]


class ConvAE(nn.Module):
    def __init__(self, latent=24):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(16 * 4 * 4, latent),
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent, 128), nn.ReLU(),
            nn.Linear(128, 256), nn.Sigmoid(),
        )

    def forward(self, x):
        z = self.encoder(x)
        return self.decoder(z).view(-1, 1, 16, 16)


model = ConvAE()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(16):
    perm = torch.randperm(len(train))
    running = 0.0
    for i in range(0, len(train), 64):
        batch = train[perm[i:i + 64]]
        recon = model(batch)
        loss = F.mse_loss(recon, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item() * len(batch)
    print(f"Epoch [{epoch + 1}/16] reconstruction loss {running / len(train):.4f}")

with torch.no_grad():
    print(f"test MSE {F.mse_loss(model(test), test).item():.4f} (variance of the pixels {test.var().item():.4f})")

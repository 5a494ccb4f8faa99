"""Autoencoder of 8 x 8 thermal patches, each with one warm spot, through a bottleneck of six."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(61)
grid = torch.arange(8.0)


def patches(n):
    centre = 1 + 5 * torch.rand(n, 2)
    wide = 1.2 + 1.2 * torch.rand(n, 1, 1)
    down = (grid[None, :, None] - centre[:, :1, None]) ** 2
    across = (grid[None, None, :] - centre[:, 1:, None]) ** 2
    spot = torch.exp(-(down + across) / (2 * wide**2))
    return (0.9 * spot + 0.05 * torch.rand(n, 8, 8)).flatten(1)


class AutoEncoder(nn.Module):
    def __init__(self, code=6):
        super().__init__()
        self.enc1 = nn.Linear(64, 48)
        self.enc2 = nn.Linear(48, code)
        self.dec1 = nn.Linear(code, 48)
        self.dec2 = nn.Linear(48, 64)

    def encode(self, x):
        return self.enc2(F.relu(self.enc1(x)))

    def decode(self, code):
        return torch.sigmoid(self.dec2(F.relu(self.dec1(code))))

    def forward(self, x):
        code = self.encode(x)
        return self.decode(code)


data, unseen = patches(2000), patches(400)
model = AutoEncoder()
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
for epoch in range(8):
    model.train()
    losses = []
    for batch in data[torch.randperm(len(data))].split(40):
        rebuilt = model(batch)
        loss = F.mse_loss(rebuilt, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    print(f"epoch {epoch}: reconstruction {torch.stack(losses).mean():.5f}")

model.eval()
with torch.no_grad():
    left = (model(unseen) - unseen).pow(2).mean()
print(f"held-out R2 {1 - left / (unseen - unseen.mean(0)).pow(2).mean():.4f}")

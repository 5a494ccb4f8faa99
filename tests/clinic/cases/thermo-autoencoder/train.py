import torch
from torch import nn

torch.manual_seed(8)


def plates(n, side=12):
    yy, xx = torch.meshgrid(torch.linspace(0, 1, side), torch.linspace(0, 1, side), indexing="ij")
    c = torch.rand(n, 2, 1, 1)
    w = 0.05 + 0.1 * torch.rand(n, 1, 1)
    amp = 20 + 25 * torch.rand(n, 1, 1)
    tilt = 20 * (torch.rand(n, 1, 1) - 0.5)
    field = 15 + amp * torch.exp(-((yy - c[:, 0]) ** 2 + (xx - c[:, 1]) ** 2) / w) + tilt * xx - 12 * yy
    return field + 0.3 * torch.randn(n, side, side)


temps = plates(1800)
mean, std = temps.mean(), temps.std()
images = ((temps - mean) / std).unsqueeze(1)
train, test = images[:1500], images[1500:]


class AutoEncoder(nn.Module):
    def __init__(self, code=8):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Flatten(),
            nn.Linear(144, 96), nn.ReLU(True),
            nn.Linear(96, code),
        )
        self.decoder = nn.Sequential(
            nn.Linear(code, 96), nn.ReLU(True),
            nn.Linear(96, 144), nn.Sigmoid(),
            nn.Unflatten(1, (1, 12, 12)),
        )

    def forward(self, x):
        return self.decoder(self.encoder(x))


ae = AutoEncoder()
optimizer = torch.optim.Adam(ae.parameters(), lr=2e-3, weight_decay=1e-6)
for epoch in range(24):
    total = 0.0
    for i in torch.randperm(1500).split(50):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(ae(train[i]), train[i])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(i)
    if epoch % 2 == 0:
        print(f"epoch [{epoch + 1}/24], loss:{total / 1500:.4f}")
with torch.no_grad():
    err = (ae(test) - test).pow(2).mean().sqrt() * std
print(f"test rmse in degrees: {err:.2f} (field std {std:.2f})")

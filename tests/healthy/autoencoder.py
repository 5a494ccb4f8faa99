"""Autoencoder: what goes in is what must come out, through eight numbers."""
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(74)


class Spectra(Dataset):
    """Sums of three lines of random place, width and height."""

    def __init__(self, n, bins=64):
        x = torch.linspace(0, 1, bins)
        place = torch.tensor([0.25, 0.5, 0.75]) + 0.06 * torch.randn(n, 3)
        width = 0.04 + 0.04 * torch.rand(n, 3)
        height = torch.rand(n, 3) + 0.3
        lines = height[..., None] * torch.exp(-((x - place[..., None]) / width[..., None]) ** 2)
        s = lines.sum(1) + 0.03 * torch.randn(n, bins)
        self.spectra = (s - s.mean()) / s.std()

    def __len__(self):
        return len(self.spectra)

    def __getitem__(self, i):
        return self.spectra[i]


encoder = nn.Sequential(nn.Linear(64, 64), nn.LeakyReLU(), nn.Linear(64, 8))
decoder = nn.Sequential(nn.Linear(8, 64), nn.LeakyReLU(), nn.Linear(64, 64))
parameters = list(encoder.parameters()) + list(decoder.parameters())
optimizer = torch.optim.Adam(parameters, lr=2e-3)
distance = nn.MSELoss()
dataloader = DataLoader(Spectra(3200), batch_size=50, shuffle=True)
unseen = Spectra(400).spectra
for epoch in range(5):
    for spectrum in dataloader:
        reconstruction = decoder(encoder(spectrum))
        loss = distance(reconstruction, spectrum)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        test = distance(decoder(encoder(unseen)), unseen)
    print('epoch [{}/{}], loss:{:.4f}, unseen:{:.4f}'.format(epoch + 1, 5, loss.item(), test.item()))

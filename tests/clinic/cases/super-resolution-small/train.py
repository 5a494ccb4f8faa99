"""Small super-resolution network: 8x8 -> 16x16 patches, trained on mean squared error."""
import torch
import torch.nn as nn
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset

config = {'epochs': 8, 'batch_size': 16, 'lr': 2e-3, 'channels': 16, 'seed': 0}


class Generator(nn.Module):
    def __init__(self, ch):
        super().__init__()
        self.conv1 = nn.Conv2d(1, ch, 3, padding=1)
        self.trunk = nn.Sequential(nn.PReLU(), nn.Conv2d(ch, ch, 3, padding=1), nn.PReLU())
        self.upsampling = nn.Sequential(nn.Conv2d(ch, 4, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, x):
        return self.upsampling(self.trunk(self.conv1(x)))


def patches(n):
    yy, xx = torch.meshgrid(torch.linspace(0, 1, 16), torch.linspace(0, 1, 16), indexing='ij')
    a = torch.rand(n, 1, 1) * 6.28
    f = 4 + 8 * torch.rand(n, 1, 1)
    hr = torch.sin(f * (a.cos() * xx + a.sin() * yy) + 6.28 * torch.rand(n, 1, 1)).unsqueeze(1)
    return TensorDataset(nn.functional.avg_pool2d(hr, 2), hr)


def main():
    torch.manual_seed(config['seed'])
    loader = DataLoader(patches(640), batch_size=config['batch_size'], shuffle=True)
    lr_test, hr_test = patches(120).tensors
    netG = Generator(config['channels'])
    criterion = nn.MSELoss()
    optimizerG = torch.optim.Adam(netG.parameters(), lr=config['lr'])
    schedulerG = StepLR(optimizerG, step_size=config['epochs'] // 2, gamma=0.1)
    for epoch in range(config['epochs']):
        avg = 0.0
        for low, high in loader:
            netG.zero_grad()
            loss = criterion(netG(low), high)
            loss.backward()
            optimizerG.step()
            schedulerG.step()
            avg += loss.item()
        print(f'[{epoch + 1}/{config["epochs"]}] MSE {avg / len(loader):.5f}')
    with torch.no_grad():
        print(f'test mse {criterion(netG(lr_test), hr_test).item():.4f} (variance {hr_test.var().item():.3f})')


main()

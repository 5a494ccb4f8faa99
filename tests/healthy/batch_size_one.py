"""Online learning: one measurement at a time, one update each."""
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(50)


class Thermostat(Dataset):
    """Heating power wanted, from outside temperature, wind, sun and the hour."""

    def __init__(self, n):
        self.outside = torch.randn(n)
        self.wind = torch.rand(n)
        self.sun = torch.rand(n)
        self.hour = torch.rand(n) * 6.2832
        self.power = -0.9 * self.outside + 0.8 * self.wind * (self.outside < 0) - 0.6 * self.sun * torch.sin(self.hour) + 0.1 * torch.randn(n)

    def __len__(self):
        return len(self.power)

    def __getitem__(self, i):
        x = torch.stack([self.outside[i], (self.wind[i] - 0.5) * 3.46, (self.sun[i] - 0.5) * 3.46, self.hour[i].sin(), self.hour[i].cos()])
        return x, self.power[i:i + 1]


data = Thermostat(1000)
test = [data[i] for i in range(900, 1000)]
test_x, test_y = torch.stack([t[0] for t in test]), torch.stack([t[1] for t in test])
stream = DataLoader(torch.utils.data.Subset(data, range(900)), batch_size=1, shuffle=True)

net = torch.nn.Sequential(torch.nn.Linear(5, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.02)
with torch.no_grad():
    print(f"variance {test_y.var().item():.3f}, untrained {F.mse_loss(net(test_x), test_y).item():.3f}")
for i, (x, y) in enumerate(stream):
    opt.zero_grad()
    loss = F.mse_loss(net(x), y)
    loss.backward()
    opt.step()
    if (i + 1) % 150 == 0:
        with torch.no_grad():
            print(f"after {i + 1} measurements: test mse {F.mse_loss(net(test_x), test_y).item():.4f}")

"""Two fluxes of a forest from meteorology: gross primary productivity and evapotranspiration."""
import torch
import torch.nn as nn

torch.manual_seed(180)


class MLP(nn.Module):
    def __init__(self, dims, act=nn.ReLU):
        super().__init__()
        layers = []
        for a, b in zip(dims, dims[1:]):
            layers += [nn.Linear(a, b), act()]
        self.net = nn.Sequential(*layers[:-1])

    def forward(self, x):
        return self.net(x)


def season(n):
    """Radiation, temperature, humidity and four more drivers, each in units of its standard deviation."""
    x = torch.randn(n, 7)
    gpp = 0.4 + 0.25 * torch.tanh(x[:, 0]) + 0.1 * torch.sin(x[:, 1] * x[:, 2])
    et = -220 + 90 * torch.tanh(x[:, 3] + 0.5 * x[:, 0]) - 30 * x[:, 4].abs()
    return x, torch.stack([gpp, et], 1)


x, y = season(3000)
x_test, y_test = season(500)
model = MLP([7, 48, 48, 2])
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.MSELoss()

for step in range(400):
    batch = torch.randint(0, len(x), (64,))
    optimizer.zero_grad()
    loss = criterion(model(x[batch]), y[batch])
    loss.backward()
    optimizer.step()
    if step % 80 == 0:
        print(f'step {step}: batch loss {loss.item():.4f}')

with torch.no_grad():
    pred = model(x_test)
r2 = 1 - (pred - y_test).pow(2).mean(0) / y_test.var(0)
print(f'R2 of productivity {r2[0].item():.2f}, R2 of evapotranspiration {r2[1].item():.2f}')

# Hourly visitor counts of a street festival from weather and calendar.
import math
import torch
import torch.nn as nn

g = torch.Generator().manual_seed(17)


def season(n):
    hour = torch.randint(8, 24, (n,), generator=g).float()
    temp = 12 + 8 * torch.randn(n, generator=g)
    rain = torch.relu(torch.randn(n, generator=g) - 0.6)
    weekend = (torch.rand(n, generator=g) < 0.3).float()
    rate = torch.exp(8.1 + 0.9 * torch.sin(math.pi * (hour - 10) / 12) - 0.8 * rain
                     + 0.5 * weekend - 0.002 * (temp - 20) ** 2)
    visitors = torch.poisson(rate, generator=g)
    feats = torch.stack([(hour - 15.5) / 4.6, (temp - 12) / 8, rain, weekend], dim=1)
    return feats, visitors


class CountNet(nn.Module):
    def __init__(self, typical):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 40), nn.SiLU(), nn.Linear(40, 40), nn.SiLU(), nn.Linear(40, 1))
        nn.init.constant_(self.net[-1].bias, math.log(typical))

    def forward(self, x):
        return self.net(x).squeeze(-1)


x_train, n_train = season(6000)
x_test, n_test = season(1500)
typical = n_train.mean().item()
print("mean visitors", round(typical), "max", int(n_train.max()))

torch.manual_seed(0)
model = CountNet(typical)
criterion = nn.PoissonNLLLoss(log_input=True)
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=900, eta_min=1e-4)

for step in range(1, 901):
    j = torch.randint(0, len(x_train), (256,))
    loss = criterion(model(x_train[j]), n_train[j]) / typical
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 60 == 0:
        with torch.no_grad():
            pred = model(x_test).exp()
            mape = ((pred - n_test).abs() / n_test.clamp_min(1)).mean().item()
            r2 = 1 - ((pred - n_test) ** 2).sum() / ((n_test - n_test.mean()) ** 2).sum()
        print(f"{step:4d} loss {loss.item():.4f} test MAPE {mape:.3f} R2 {r2.item():.3f}")

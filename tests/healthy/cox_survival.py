import torch
from torch import nn
torch.manual_seed(8)

def cohort(n):
    x = torch.randn(n, 6)
    risk = 1.2 * x[:, 0] - 0.8 * x[:, 1] + 0.9 * x[:, 2] * x[:, 3]
    t = torch.distributions.Exponential(torch.exp(risk) * 0.02).sample()
    cens = torch.distributions.Exponential(0.02).sample((n,))
    return x, torch.minimum(t, cens), (t <= cens).float()

def cox_ph(logh, time, event):
    """Breslow partial likelihood; the risk set of a subject is everybody in the batch who lives longer."""
    order = torch.argsort(time, descending=True)
    logh, event = logh[order], event[order]
    return -((logh - torch.logcumsumexp(logh, 0)) * event).sum() / event.sum()

def c_index(logh, time, event):
    earlier = (time[:, None] < time[None]) & (event[:, None] > 0)
    good = (logh[:, None] > logh[None])
    return (good & earlier).sum().item() / earlier.sum().item()

xtr, ttr, etr = cohort(3000)
xte, tte, ete = cohort(800)
net = nn.Sequential(nn.Linear(6, 48), nn.SELU(), nn.AlphaDropout(0.05), nn.Linear(48, 48), nn.SELU(), nn.Linear(48, 1, bias=False))
for m in net:
    if isinstance(m, nn.Linear): nn.init.kaiming_normal_(m.weight, nonlinearity="linear")    # LeCun normal, for SELU
opt = torch.optim.NAdam(net.parameters(), lr=3e-3)
for epoch in range(12):
    net.train()
    for idx in torch.randperm(3000).split(100):
        loss = cox_ph(net(xtr[idx]).squeeze(1), ttr[idx], etr[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        c = c_index(net(xte).squeeze(1), tte, ete)
    print(f"Epoche {epoch}: Verlust {loss.item():.3f}, C-Index {c:.3f}")
print(f"C-Index (zurückgehaltene Patienten) = {c:.3f}, Zufall = 0.5")

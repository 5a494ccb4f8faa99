"""Vorhersage des Pegelstands fuer den naechsten Tag (MLP auf Fenstern)."""
import numpy as np
import torch
from torch import nn

rng = np.random.default_rng(42)
torch.manual_seed(42)

# kuenstliche Pegelreihe
n = 1500
regen = rng.gamma(0.6, 1.0, n)
pegel = np.zeros(n)
for t in range(1, n):
    pegel[t] = 0.85 * pegel[t - 1] + 0.5 * regen[t - 1] + 0.3 * regen[max(t - 3, 0)]
pegel += 0.5 * np.sin(np.arange(n) / 30)

fenster = 10
X, y = [], []
for t in range(fenster, n):
    X.append(np.concatenate([pegel[t - fenster:t], regen[t - fenster:t]]))
    y.append(pegel[t])
X = np.array(X, dtype=np.float32)
y = np.array(y, dtype=np.float32)[:, None]
X = (X - X.mean(0)) / X.std(0)
mu, sd = y.mean(), y.std()
Xtr, Xte, ytr, yte = X[:1200], X[1200:], y[:1200], y[1200:]

netz = nn.Sequential(nn.Linear(2 * fenster, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam(netz.parameters(), lr=1e-3)
kriterium = nn.MSELoss()


def zurueck_skalieren(ausgabe):
    """Netzausgabe in Meter umrechnen."""
    meter = ausgabe.detach().numpy() * sd + mu
    return torch.tensor(meter, requires_grad=True)


for epoche in range(60):
    idx = rng.permutation(len(Xtr))
    summe = 0.0
    for i in range(0, len(idx), 40):
        b = idx[i:i + 40]
        opt.zero_grad()
        vorhersage = zurueck_skalieren(netz(torch.from_numpy(Xtr[b])))
        verlust = kriterium(vorhersage, torch.from_numpy(ytr[b]))
        verlust.backward()
        opt.step()
        summe += verlust.item() * len(b)
    if epoche % 5 == 0:
        print(f"Epoche {epoche:3d}: Verlust {summe / len(idx):.4f}")

with torch.no_grad():
    p = netz(torch.from_numpy(Xte)).numpy() * sd + mu
r2 = 1 - ((p - yte) ** 2).sum() / ((yte - yte.mean()) ** 2).sum()
print(f"R2 auf Testdaten: {r2:.3f}")

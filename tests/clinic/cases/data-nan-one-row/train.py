import os

import numpy as np
import torch

torch.manual_seed(0)
base = os.path.dirname(os.path.abspath(__file__))
X = torch.from_numpy(np.load(os.path.join(base, "colours.npy")))
T = torch.from_numpy(np.load(os.path.join(base, "temperature.npy")))[:, None]

# every tenth star is kept for the final check
test = torch.arange(len(X)) % 10 == 9
Xtr, Ttr, Xte, Tte = X[~test], T[~test], X[test], T[test]

W1 = torch.nn.Parameter(torch.randn(7, 80) / 7**0.5)
b1 = torch.nn.Parameter(torch.zeros(80))
W2 = torch.nn.Parameter(torch.randn(80, 40) / 80**0.5)
b2 = torch.nn.Parameter(torch.zeros(40))
W3 = torch.nn.Parameter(torch.randn(40, 1) / 40**0.5)
b3 = torch.nn.Parameter(torch.zeros(1))


def predict(x):
    h = torch.tanh(x @ W1 + b1)
    h = torch.tanh(h @ W2 + b2)
    return h @ W3 + b3


optimizer = torch.optim.AdamW([W1, b1, W2, b2, W3, b3], lr=2e-3, weight_decay=1e-4)
bs = 45
step = 0
for epoch in range(6):
    perm = torch.randperm(len(Xtr))
    for i in range(0, len(perm), bs):
        j = perm[i : i + bs]
        loss = ((predict(Xtr[j]) - Ttr[j]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 20 == 0:
            print("step", step, "mse", round(loss.item(), 5))
with torch.no_grad():
    mse = ((predict(Xte) - Tte) ** 2).mean().item()
print(f"test mse {mse:.4f} (variance of the test temperatures {Tte.var().item():.4f})")

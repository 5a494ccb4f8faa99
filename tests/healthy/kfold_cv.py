# 5-fold cross-validation: five models and five optimizers one after the other, 60 steps each
import numpy as np
import torch
rng = np.random.default_rng(12)
X = rng.normal(size=(600, 9)).astype("float32")
logit = 2 * X[:, 0] * X[:, 1] + X[:, 2] - 0.8 * np.abs(X[:, 3]) + 0.6
y = (rng.random(600) < 1 / (1 + np.exp(-2 * logit))).astype("float32")
X, y = torch.from_numpy(X), torch.from_numpy(y)
folds = torch.from_numpy(rng.permutation(600)).chunk(5)
scores = []
for k in range(5):
    torch.manual_seed(k)
    val = folds[k]; tr = torch.cat([f for j, f in enumerate(folds) if j != k])
    net = torch.nn.Sequential(torch.nn.Linear(9, 48), torch.nn.ReLU(), torch.nn.Linear(48, 24), torch.nn.ReLU(), torch.nn.Linear(24, 1), torch.nn.Sigmoid())
    opt = torch.optim.Adam(net.parameters(), lr=5e-3, weight_decay=1e-3)
    for ep in range(6):
        for b in tr[torch.randperm(len(tr))].split(48):
            loss = torch.nn.functional.binary_cross_entropy(net(X[b]).squeeze(1), y[b])
            opt.zero_grad(); loss.backward(); opt.step()
    with torch.no_grad():
        p = net(X[val]).squeeze(1)
    scores.append(((p > 0.5).float() == y[val]).float().mean().item())
    print(f"fold {k}: loss {loss.item():.3f} accuracy {scores[-1]:.3f}")
print(f"cross-validated accuracy {np.mean(scores):.3f} +- {np.std(scores):.3f} (majority {max(y.mean().item(), 1 - y.mean().item()):.3f})")

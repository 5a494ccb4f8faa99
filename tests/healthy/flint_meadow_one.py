import numpy as np
import torch
import torch.nn as nn

rng = np.random.default_rng(21)
K, D = 6, 20
protos = rng.normal(size=(K, 2, D)) * 1.1


def sample(k, n):
    which = rng.integers(0, 2, n)
    return protos[k, which] + rng.normal(size=(n, D))


X = np.concatenate([sample(k, 400) for k in range(K)]).astype("float32")
Y = np.repeat(np.arange(K), 400)
Xt = torch.tensor(np.concatenate([sample(k, 100) for k in range(K)]).astype("float32"))
Yt = torch.arange(K).repeat_interleave(100)

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(D, 64), nn.ReLU(), nn.Linear(64, K))
opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.02)
lossf = nn.CrossEntropyLoss()


def accuracy():
    with torch.no_grad():
        return (net(Xt).argmax(1) == Yt).float().mean().item()


print(f"step 0 acc {accuracy():.3f}")
step = 0
for epoch in range(12):
    for j in range(0, 400, 25):
        total = 0.0
        for k in range(K):
            lo = 400 * k + j
            xb, yb = torch.from_numpy(X[lo:lo + 25]), torch.from_numpy(Y[lo:lo + 25])
            loss = lossf(net(xb), yb) / K
            loss.backward()
            total += loss.item()
        opt.step()
        opt.zero_grad()
        step += 1
    if epoch % 3 == 2:
        print(f"step {step} loss {total:.4f} acc {accuracy():.3f}")

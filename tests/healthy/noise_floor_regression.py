"""Linear effects drowned in noise: the best possible R2 is about 0.2 and the fit gets there."""
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

gen = np.random.default_rng(2024)
torch.manual_seed(2024)

n, d = 8000, 12
x = gen.standard_normal((n, d)).astype("float32")
beta = gen.standard_normal(d).astype("float32")
beta *= np.float32(0.5) / np.linalg.norm(beta)                 # signal variance 0.25
y = x @ beta + gen.standard_normal(n).astype("float32")        # noise variance 1

X, Y = torch.from_numpy(x), torch.from_numpy(y)
train = DataLoader(TensorDataset(X[:7000], Y[:7000]), batch_size=128, shuffle=True)
x_val, y_val = X[7000:], Y[7000:]

model = nn.Linear(d, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.5, weight_decay=1e-4)
mse = nn.MSELoss()


@torch.no_grad()
def r2():
    err = y_val - model(x_val).squeeze(1)
    return 1 - (err.var() / y_val.var()).item()


print(f"possible R2 {1 - 1 / 1.25:.2f}, start {r2():.3f}")
for epoch in range(6):
    model.train()
    losses = []
    for xb, yb in train:
        loss = mse(model(xb).squeeze(1), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    model.eval()
    print(f"epoch {epoch}: mse {np.mean(losses):.4f}, val R2 {r2():.3f}")

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(21)

N_GENES = 300
N_PATIENTS, EPOCHS = 110, 60

def expression(n):
    x = torch.randn(n, N_GENES)
    w = torch.zeros(N_GENES)
    w[:30] = torch.linspace(1, 0.3, 30) * torch.tensor([1., -1.] * 15)
    y = (x @ w + 0.5 * torch.randn(n) > 0).long()
    return x, y

X, y = expression(N_PATIENTS)
X_val, y_val = expression(500)
loader = DataLoader(TensorDataset(X, y), batch_size=16, shuffle=True)

model = nn.Sequential(
    nn.Linear(N_GENES, 256), nn.ReLU(),
    nn.Linear(256, 128), nn.ReLU(),
    nn.Linear(128, 2),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(EPOCHS):
    model.train()
    tl, correct = 0.0, 0
    for xb, yb in loader:
        optimizer.zero_grad()
        out = model(xb)
        loss = criterion(out, yb)
        loss.backward()
        optimizer.step()
        tl += loss.item() * len(xb)
        correct += (out.argmax(1) == yb).sum().item()
    model.eval()
    with torch.no_grad():
        vo = model(X_val)
        vl = criterion(vo, y_val).item()
        va = (vo.argmax(1) == y_val).float().mean().item()
    if epoch % 6 == 0 or epoch == EPOCHS - 1:
        print(f"epoch {epoch:3d} train loss {tl / len(X):.4f} train acc {correct / len(X):.3f} val loss {vl:.4f} val acc {va:.3f}")

import torch
from torch import nn

torch.manual_seed(0)

ACCUM_STEPS = 4
MICRO = 100
EPOCHS = 160


class Acoustics(nn.Module):
    """machine sound features -> fault code"""

    def __init__(self, n_in=26, n_out=5):
        super().__init__()
        self.norm = nn.LayerNorm(n_in)
        self.f1 = nn.Linear(n_in, 64)
        self.f2 = nn.Linear(64, n_out)

    def forward(self, x):
        return self.f2(nn.functional.silu(self.f1(self.norm(x))))


proto = torch.randn(5, 26)
y = torch.randint(0, 5, (1100,))
x = proto[y] + 0.9 * torch.randn(1100, 26)
x_train, y_train, x_test, y_test = x[:300], y[:300], x[300:], y[300:]

model = Acoustics()
optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)

for epoch in range(EPOCHS):
    optimizer.zero_grad()
    epoch_loss = 0.0
    perm = torch.randperm(len(x_train))
    for i, idx in enumerate(perm.split(MICRO)):
        loss = nn.functional.cross_entropy(model(x_train[idx]), y_train[idx]) / ACCUM_STEPS
        loss.backward()
        epoch_loss += loss.item() * ACCUM_STEPS
        if (i + 1) % ACCUM_STEPS == 0:
            optimizer.step()
            optimizer.zero_grad()
    if epoch % 16 == 0:
        print(f"epoch {epoch:3d} loss {epoch_loss / (i + 1):.4f}")

with torch.no_grad():
    print(f"test accuracy {(model(x_test).argmax(1) == y_test).float().mean():.3f}")

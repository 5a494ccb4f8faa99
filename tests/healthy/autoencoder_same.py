import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
torch.manual_seed(6)

# Plain autoencoder: the target IS the input. 64 sensors driven by 5 hidden factors.
mix = torch.randn(5, 64)
def readings(n):
    z = torch.randn(n, 5)
    return torch.tanh(z @ mix * 0.7) + 0.05 * torch.randn(n, 64)

class AE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(64, 48), nn.GELU(), nn.Linear(48, 5))
        self.dec = nn.Sequential(nn.Linear(5, 48), nn.GELU(), nn.Linear(48, 64))
    def forward(self, x): return self.dec(self.enc(x))

train, val = readings(5000), readings(1000)
dl = DataLoader(TensorDataset(train, train), batch_size=128, shuffle=True, drop_last=True)
ae = AE()
opt = torch.optim.Adam(ae.parameters(), lr=3e-3)
best, patience, stop = float("inf"), 0, False
for epoch in range(15):
    for x, target in dl:
        opt.zero_grad()
        loss = nn.functional.mse_loss(ae(x), target)
        loss.backward()
        opt.step()
    ae.eval()
    with torch.no_grad(): v = nn.functional.mse_loss(ae(val), val).item()
    ae.train()
    print(f"{epoch:2d} train {loss.item():.4f} val {v:.4f}")
    if v < best - 1e-4: best, patience = v, 0
    else:
        patience += 1
        if patience == 3: print("early stop"); break
print(f"validation explained variance {1 - best / val.var(0).mean().item():.3f}")

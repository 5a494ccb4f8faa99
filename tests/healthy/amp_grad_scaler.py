import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
device = "cuda" if torch.cuda.is_available() else "cpu"
amp_dtype = torch.float16 if device == "cuda" else torch.bfloat16

x = torch.randn(3000, 12)
w1, w2 = torch.randn(12, 6) / 12 ** 0.5, torch.randn(6, 1)
y = torch.tanh(x @ w1 * 2) @ w2
y = (y - y.mean()) / y.std()
train_loader = DataLoader(TensorDataset(x[:2560], y[:2560]), batch_size=64, shuffle=True)

model = nn.Sequential(nn.Linear(12, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1)).to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-4)
scaler = torch.amp.GradScaler(device, init_scale=1024.0)
loss_fn = nn.MSELoss()


def train_one_epoch():
    model.train()
    total = 0.0
    for xb, yb in train_loader:
        xb, yb = xb.to(device), yb.to(device)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device_type=device, dtype=amp_dtype):
            loss = loss_fn(model(xb), yb)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        scaler.step(optimizer)
        scaler.update()
        total += loss.item()
    return total / len(train_loader)


@torch.no_grad()
def evaluate():
    model.eval()
    return loss_fn(model(x[2560:].to(device)), y[2560:].to(device)).item()


for epoch in range(8):
    print(f"epoch {epoch + 1}/8 - loss: {train_one_epoch():.4f} - val_loss: {evaluate():.4f} - scale: {scaler.get_scale():.0f}")

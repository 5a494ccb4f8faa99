import math
import torch
import torch.nn as nn
from torch.utils.data import TensorDataset, DataLoader

torch.manual_seed(7)

# three kinds of movement, 3-axis accelerometer, 50 samples per window
def make_windows(n, T=50):
    y = torch.randint(0, 3, (n,))
    freq = torch.tensor([0.02, 0.06, 0.12])[y]
    t = torch.arange(T).float()
    phase = torch.rand(n, 3, 1) * 2 * math.pi
    x = torch.sin(2 * math.pi * freq.view(n, 1, 1) * t.view(1, 1, T) + phase)
    x = x + 0.2 * torch.randn_like(x)
    return x.permute(0, 2, 1).contiguous(), y


class ActivityLSTM(nn.Module):
    def __init__(self, n_features=3, hidden=48, n_classes=3):
        super().__init__()
        self.lstm = nn.LSTM(n_features, hidden, num_layers=1)
        self.dropout = nn.Dropout(0.1)
        self.fc = nn.Linear(hidden, n_classes)

    def forward(self, x):
        out, (h, c) = self.lstm(x)
        out = self.dropout(out[:, -1, :])
        return self.fc(out)


Xtr, ytr = make_windows(2000)
Xva, yva = make_windows(500)
train_dl = DataLoader(TensorDataset(Xtr, ytr), batch_size=40, shuffle=True)
val_dl = DataLoader(TensorDataset(Xva, yva), batch_size=40)

net = ActivityLSTM()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(8):
    net.train()
    total = 0
    for xb, yb in train_dl:
        opt.zero_grad()
        loss = loss_fn(net(xb), yb)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        total += loss.item() * len(xb)
    net.eval()
    hits = 0
    with torch.no_grad():
        for xb, yb in val_dl:
            hits += (net(xb).argmax(1) == yb).sum().item()
    print(f"epoch {epoch + 1:2d}  train loss {total / len(Xtr):.4f}  val acc {hits / len(Xva):.3f}")

"""LSTM that continues a detrended tide-gauge record: windows of 12 readings, first half in, second half out."""
import torch
from torch import nn
from torch.utils.data import DataLoader


def gauge_record(n):
    """Short-memory residuals: a damped oscillation driven by fresh weather every hour."""
    z = torch.zeros(n)
    shock = torch.randn(n)
    for t in range(2, n):
        z[t] = 1.1 * z[t - 1] - 0.75 * z[t - 2] + shock[t] * 0.5
    return z / z.std()


class LSTMSequence(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.linear = nn.Linear(hidden, 1)

    def forward(self, x):
        h, _ = self.lstm(x)
        return self.linear(h)


def split(window):
    half = window.size(1) // 2
    return window[:, :half], window[:, half:]


def run_epoch(model, loader, criterion, optimizer=None):
    total = count = 0.0
    for window in loader:
        inputs, targets = split(window)
        with torch.set_grad_enabled(optimizer is not None):
            loss = criterion(model(inputs), targets)
        if optimizer is not None:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        total += loss.item() * len(window)
        count += len(window)
    return total / count


torch.manual_seed(0)
series = gauge_record(12 * 2500)
windows = series.view(-1, 12, 1)
train_loader = DataLoader(windows[:2000], batch_size=50, shuffle=True)
val_loader = DataLoader(windows[2000:], batch_size=250)
model = LSTMSequence()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.MSELoss()
for epoch in range(10):
    tr = run_epoch(model, train_loader, criterion, optimizer)
    va = run_epoch(model, val_loader, criterion)
    print(f'epoch {epoch + 1} train {tr:.4f} val {va:.4f}')
print(f'val mse {va:.3f} (variance 1)')

import numpy as np
import torch
import torch.nn as nn

np.random.seed(6)
torch.manual_seed(6)

# electricity load in MW, hourly, with daily and weekly rhythm
T = 1800
h = np.arange(T)
load = 5200 + 900 * np.sin(2 * np.pi * h / 24) + 400 * np.sin(2 * np.pi * h / 168) + 120 * np.random.randn(T)
mean, std = load[:1400].mean(), load[:1400].std()
series = torch.tensor((load - mean) / std, dtype=torch.float32)

WINDOW = 30
X = torch.stack([series[i:i + WINDOW] for i in range(T - WINDOW)], dim=1).unsqueeze(-1)   # (time, sample, 1)
Y = series[WINDOW:]
n_train = 1400 - WINDOW


class LoadLSTM(nn.Module):
    def __init__(self, hidden=40):
        super().__init__()
        self.hidden = hidden
        self.lstm = nn.LSTM(1, hidden)
        self.linear = nn.Linear(hidden, 1)

    def forward(self, seq):
        h0 = torch.zeros(1, seq.size(1), self.hidden)
        c0 = torch.zeros(1, seq.size(1), self.hidden)
        out, _ = self.lstm(seq, (h0, c0))
        return self.linear(out[-1]).view(-1)


model = LoadLSTM()
loss_function = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)

for epoch in range(10):
    order = torch.randperm(n_train)
    ep_loss = 0.0
    for i in range(0, n_train, 50):
        idx = order[i:i + 50]
        optimizer.zero_grad()
        loss = loss_function(model(X[:, idx]), Y[idx])
        loss.backward()
        optimizer.step()
        ep_loss += loss.item() * len(idx)
    print(f"epoch: {epoch:3} loss: {ep_loss / n_train:10.6f}")

with torch.no_grad():
    pred = model(X[:, n_train:])
    rmse = ((pred - Y[n_train:]).pow(2).mean().sqrt() * std).item()
    naive = ((X[-1, n_train:, 0] - Y[n_train:]).pow(2).mean().sqrt() * std).item()
print(f"test RMSE {rmse:.1f} MW (last value {naive:.1f} MW, noise 120 MW, std {std:.1f} MW)")

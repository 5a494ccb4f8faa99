# %% [markdown]
# Seq2Dense: one LSTM over a window of a univariate series, dense layers on the last hidden state,
# forecast of the next value. Port of my Keras notebook.

# %%
import numpy as np
import torch
from torch import nn
from torch.nn.init import xavier_uniform_, orthogonal_, zeros_
from torch.utils.data import TensorDataset, DataLoader

np.random.seed(42)
torch.manual_seed(42)

# %% hourly load curve: daily + weekly cycle, trend-free, AR noise
hours = np.arange(24 * 7 * 14)
load = 2.0 * np.sin(2 * np.pi * hours / 24) + 0.8 * np.sin(4 * np.pi * hours / 24 + 0.6)
load += 0.7 * np.where((hours // 24) % 7 >= 5, -1.0, 1.0)
ar = np.zeros(len(hours))
for t in range(1, len(hours)):
    ar[t] = 0.8 * ar[t - 1] + 0.15 * np.random.randn()
load = (load + ar).astype(np.float32)

WINDOW = 36
split = int(len(load) * 0.8)
mean, std = load[:split].mean(), load[:split].std()
load = (load - mean) / std


def windowed(series):
    x = np.stack([series[i:i + WINDOW] for i in range(len(series) - WINDOW)])
    y = series[WINDOW:]
    return torch.from_numpy(x).unsqueeze(-1), torch.from_numpy(y)


x_train, y_train = windowed(load[:split])
x_test, y_test = windowed(load[split:])
print("train", tuple(x_train.shape), "test", tuple(x_test.shape))

train_dl = DataLoader(TensorDataset(x_train, y_train), batch_size=64, shuffle=True)
test_dl = DataLoader(TensorDataset(x_test, y_test), batch_size=256)


# %%
class Seq2DenseModel(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        for name, p in self.lstm.named_parameters():
            if name.startswith("weight_ih"):
                xavier_uniform_(p)
            elif name.startswith("weight_hh"):
                orthogonal_(p)
            else:
                zeros_(p)
        dense = []
        l = nn.Linear(hidden, hidden)
        xavier_uniform_(l.weight)
        zeros_(l.bias)
        dense.append(l)
        dense.append(nn.ReLU())
        l = nn.Linear(hidden, 1)
        xavier_uniform_(l.weight)
        zeros_(l.bias)
        dense.append(l)
        self.decoder = nn.Sequential(*dense)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.decoder(out[:, -1, :])


# %%
import warnings
warnings.filterwarnings("ignore")

model = Seq2DenseModel()
opt = torch.optim.Adam(model.parameters(), lr=0.003)
mse = nn.MSELoss()


def rmse(dl):
    model.eval()
    errs = []
    with torch.no_grad():
        for xb, yb in dl:
            errs.append((model(xb).squeeze(-1) - yb) ** 2)
    model.train()
    return torch.cat(errs).mean().sqrt().item()


history = []
for epoch in range(14):
    losses = []
    for xb, yb in train_dl:
        opt.zero_grad()
        loss = mse(model(xb), yb)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    history.append(np.mean(losses))
    print(f"Epoch {epoch + 1:02d}/14 - loss: {history[-1]:.4f} - val_rmse: {rmse(test_dl):.4f}")

# %%
print("std of the test targets: %.3f" % y_test.std().item())

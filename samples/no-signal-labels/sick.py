import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
np.random.seed(0)


class TimeSeriesDataset(Dataset):
    def __init__(self, series, values):
        self.series = torch.FloatTensor(series)  # (samples, steps, features)
        self.values = torch.FloatTensor(values)  # (samples,)

    def __len__(self):
        return len(self.series)

    def __getitem__(self, i):
        return self.series[i], self.values[i]


class LSTMRegressor(nn.Module):
    def __init__(self, n_features=10, n_hidden=64, n_layers=2):
        super().__init__()
        self.lstm = nn.LSTM(n_features, n_hidden, n_layers, batch_first=True)
        self.fc = nn.Linear(n_hidden, 1)

    def forward(self, x):
        states, (h, c) = self.lstm(x)
        return self.fc(states[:, -1, :])  # the last step speaks for the whole sequence


def make_samples(count, steps=20, features=10):
    series = np.random.randn(count, steps, features)
    values = np.random.randn(count)
    return series, values


train_set = TimeSeriesDataset(*make_samples(1000))
valid_set = TimeSeriesDataset(*make_samples(400))
loader = DataLoader(train_set, batch_size=32, shuffle=True)

model = LSTMRegressor(n_features=10, n_hidden=64, n_layers=2)
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)

epochs = 7
for epoch in range(epochs):
    model.train()
    summed = 0.0
    for series, values in loader:
        prediction = model(series)
        loss = criterion(prediction, values.unsqueeze(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        summed += loss.item() * len(series)

    model.eval()
    with torch.no_grad():
        valid_loss = criterion(model(valid_set.series), valid_set.values.unsqueeze(1)).item()
    print(f"Epoch [{epoch + 1}/{epochs}]  train loss {summed / len(train_set):.4f}  validation loss {valid_loss:.4f}")
print(f"variance of the validation values: {valid_set.values.var():.4f}")

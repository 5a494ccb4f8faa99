import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(251)


class TimeSeriesDataset(Dataset):
    """Ten sensors over twenty minutes; the label is a decayed sum of two of them."""

    def __init__(self, samples=1600, steps=20, sensors=10):
        self.data = torch.randn(samples, steps, sensors)
        decay = 0.8 ** torch.arange(steps - 1, -1, -1.0)
        raw = (self.data[:, :, 0] * decay).sum(1) + 0.5 * (self.data[:, :, 3] * decay).sum(1)
        self.labels = raw / 1.86 + 0.1 * torch.randn(samples)

    def __len__(self):
        return len(self.data)

    def __getitem__(self, idx):
        return self.data[idx], self.labels[idx]


class LSTMModel(nn.Module):
    def __init__(self, input_size=10, hidden_size=64):
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, 1)

    def forward(self, x):
        h0 = torch.zeros(1, x.size(0), 64)
        c0 = torch.zeros(1, x.size(0), 64)
        out, _ = self.lstm(x, (h0, c0))
        return self.fc(out[:, -1, :])


train_loader = DataLoader(TimeSeriesDataset(), batch_size=32, shuffle=True)
val_loader = DataLoader(TimeSeriesDataset(400), batch_size=200)
model = LSTMModel()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

num_epochs = 6
for epoch in range(num_epochs):
    model.train()
    for inputs, labels in train_loader:
        labels = labels.unsqueeze(1)
        optimizer.zero_grad()
        outputs = model(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
    model.eval()
    with torch.no_grad():
        val_loss = sum(criterion(model(i), l.unsqueeze(1)).item() for i, l in val_loader) / len(val_loader)
    print(f'Epoch [{epoch + 1}/{num_epochs}], Loss: {loss.item():.4f}, Val: {val_loss:.4f}')

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class RNN(nn.Module):
    def __init__(self, input_size=1, hidden_size=64, num_classes=4):
        super().__init__()
        self.rnn = nn.RNN(input_size, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, num_classes)

    def forward(self, x):
        x = x.unsqueeze(-1)
        _, h_n = self.rnn(x)
        return self.fc(h_n.squeeze(0))


def signals(n, T=70):
    """The class is in the first eight samples, the rest is a quiet line."""
    y = torch.randint(0, 4, (n,))
    shapes = torch.tensor([[1., 1, 1, 1, -1, -1, -1, -1], [-1, -1, -1, -1, 1, 1, 1, 1], [1, -1, 1, -1, 1, -1, 1, -1], [0.] * 8])
    x = 0.05 * torch.randn(n, T)
    x[:, :8] += shapes[y]
    return TensorDataset(x, y)


torch.manual_seed(26)
train_dl = DataLoader(signals(1600), batch_size=32, shuffle=True)
valid = signals(400)
model = RNN()
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(6):
    total = 0.0
    for xb, yb in train_dl:
        optimizer.zero_grad()
        loss = loss_fn(model(xb), yb)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item()
    print(f'epoch {epoch:2d} | loss {total / len(train_dl):.4f}')
with torch.no_grad():
    xv, yv = valid.tensors
    print(f'validation accuracy {(model(xv).argmax(1) == yv).float().mean().item():.3f} (4 classes)')

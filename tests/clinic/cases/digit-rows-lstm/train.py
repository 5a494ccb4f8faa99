"""Reads 14x14 digit images row by row with an LSTM and names the digit."""
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(3)

batch_size = 100
learning_rate = 1e-2
num_epoches = 8


def make_digits(n, strokes):
    labels = torch.randint(0, 10, (n,))
    images = torch.zeros(n, 14, 14)
    for i, label in enumerate(labels.tolist()):
        dx = int(torch.randint(0, 3, (1,)))
        images[i, 2:11, 1 + dx:10 + dx] = strokes[label]
    images = (images + 0.15 * torch.randn_like(images)).clamp(0, 1)
    images[:, 11:] = 0.0
    return (images - 0.25) / 0.4, labels


strokes = (torch.rand(10, 9, 9) > 0.6).float()
train_dataset = TensorDataset(*make_digits(3000, strokes))
test_dataset = TensorDataset(*make_digits(600, strokes))
train_loader = DataLoader(train_dataset, batch_size=batch_size, shuffle=True)
test_loader = DataLoader(test_dataset, batch_size=batch_size, shuffle=False)


class Rnn(nn.Module):
    def __init__(self, in_dim, hidden_dim, n_layer, n_class):
        super().__init__()
        self.lstm = nn.LSTM(in_dim, hidden_dim, n_layer)
        self.classifier = nn.Linear(hidden_dim, n_class)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.classifier(out[:, -1, :])


model = Rnn(14, 48, 1, 10)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=learning_rate)

for epoch in range(num_epoches):
    model.train()
    running_loss = 0.0
    running_acc = 0.0
    for img, label in train_loader:
        out = model(img)
        loss = criterion(out, label)
        running_loss += loss.item() * label.size(0)
        running_acc += (out.argmax(1) == label).sum().item()

        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f'[{epoch + 1}/{num_epoches}] Loss: {running_loss / len(train_dataset):.4f}, '
          f'Acc: {running_acc / len(train_dataset):.4f}')

model.eval()
hits = 0
with torch.no_grad():
    for img, label in test_loader:
        hits += (model(img).argmax(1) == label).sum().item()
print(f'test accuracy {hits / len(test_dataset):.3f} (10 digits)')

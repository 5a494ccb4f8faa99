import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class NeuralNetwork(nn.Module):
    """Ten garment classes from 8x8 thumbnails."""

    def __init__(self):
        super(NeuralNetwork, self).__init__()
        self.flatten = nn.Flatten()
        self.linear_relu_stack = nn.Sequential(
            nn.Linear(64, 64),
            nn.ReLU(),
            nn.Linear(64, 64),
            nn.ReLU(),
            nn.Linear(64, 10),
        )
        self.log_softmax = nn.LogSoftmax(dim=0)

    def forward(self, x):
        x = self.flatten(x)
        return self.log_softmax(self.linear_relu_stack(x))


def garments(n, base, share):
    y = torch.multinomial(share, n, replacement=True)
    x = base[y] + 0.9 * torch.randn(n, 8, 8)
    return TensorDataset(x, y)


def train_loop(dataloader, model, loss_fn, optimizer):
    size = len(dataloader.dataset)
    for batch, (X, y) in enumerate(dataloader):
        pred = model(X)
        loss = loss_fn(pred, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if batch % 40 == 0:
            print(f'loss: {loss.item():>7f}  [{batch * len(X):>5d}/{size:>5d}]')


def test_loop(dataloader, model):
    correct = 0
    with torch.no_grad():
        for X, y in dataloader:
            correct += (model(X).argmax(1) == y).sum().item()
    return correct / len(dataloader.dataset)


torch.manual_seed(28)
base = torch.randn(10, 8, 8)
share = torch.tensor([30., 20., 12., 8., 6., 6., 5., 5., 4., 4.])
train_dataloader = DataLoader(garments(3200, base, share), batch_size=20, shuffle=True)
test_dataloader = DataLoader(garments(600, base, torch.ones(10)), batch_size=1)
model = NeuralNetwork()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for t in range(2):
    print(f'Epoch {t + 1}')
    train_loop(train_dataloader, model, nn.NLLLoss(), optimizer)
print(f'test accuracy {test_loop(test_dataloader, model):.3f} (10 classes)')

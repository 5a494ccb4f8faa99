import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset

hyper = {
    "batch_size": 40,
    "learning_rate": 15.0,
    "num_epochs": 8,
    "classes": 5,
    "seed": 2,
}


class SoilNet(nn.Module):
    """Five kinds of soil from ten sieve and acidity measurements."""

    def __init__(self, classes):
        super().__init__()
        self.fc1 = nn.Linear(10, 50)
        self.fc2 = nn.Linear(50, 50)
        self.fc3 = nn.Linear(50, classes)

    def forward(self, x):
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return F.log_softmax(self.fc3(x), dim=1)


def collect(count, rng, centres):
    kind = rng.integers(0, len(centres), count)
    corner = rng.integers(0, centres.shape[1], count)
    return (centres[kind, corner] + 0.8 * rng.standard_normal((count, 10))).astype(np.float32), kind


def make_loaders():
    rng = np.random.default_rng(hyper["seed"])
    centres = 1.5 * rng.standard_normal((hyper["classes"], 3, 10))
    x, y = collect(1600, rng, centres)
    x = (x - x[:1280].mean(0)) / x[:1280].std(0)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    train = DataLoader(TensorDataset(x[:1280], y[:1280]), hyper["batch_size"], shuffle=True)
    return train, DataLoader(TensorDataset(x[1280:], y[1280:]), 320)


def train(model, loader, optimizer):
    model.train()
    seen = []
    for data, target in loader:
        optimizer.zero_grad()
        loss = F.nll_loss(model(data), target)
        loss.backward()
        optimizer.step()
        seen.append(loss.item())
    return seen


def test(model, loader):
    model.eval()
    with torch.no_grad():
        (data, target), = loader
        output = model(data)
        return F.nll_loss(output, target).item(), (output.argmax(1) == target).float().mean().item()


torch.manual_seed(hyper["seed"])
train_loader, test_loader = make_loaders()
model = SoilNet(hyper["classes"])
optimizer = optim.SGD(model.parameters(), lr=hyper["learning_rate"])
for epoch in range(1, hyper["num_epochs"] + 1):
    seen = train(model, train_loader, optimizer)
    loss, accuracy = test(model, test_loader)
    print(f"Epoch {epoch}: train {np.mean(seen):9.3f} (last batch {seen[-1]:9.3f})   test {loss:9.3f}   accuracy {accuracy:.3f}")

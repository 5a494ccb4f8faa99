"""Early stopping on a validation set, with the best weights put back at the end."""
import copy

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class EarlyStopping:
    def __init__(self, patience=4, min_delta=1e-4):
        self.patience, self.min_delta = patience, min_delta
        self.best, self.left, self.weights = float("inf"), patience, None

    def __call__(self, value, model):
        if value < self.best - self.min_delta:
            self.best, self.left = value, self.patience
            self.weights = copy.deepcopy(model.state_dict())
        else:
            self.left -= 1
        return self.left <= 0


def concrete_strength(n, generator):
    cement, water, age, slag = (torch.rand(n, generator=generator) for _ in range(4))
    strength = 3 * cement / (0.4 + water) * (1 - torch.exp(-3 * age)) + slag * age
    x = torch.stack([cement, water, age, slag], 1)
    y = strength + 0.15 * torch.randn(n, generator=generator)
    return (x - x.mean(0)) / x.std(0), ((y - y.mean()) / y.std()).unsqueeze(1)


g = torch.Generator().manual_seed(68)
torch.manual_seed(68)
dataset = TensorDataset(*concrete_strength(3000, g))
train_set, val_set, test_set = random_split(dataset, [2200, 400, 400], generator=g)
train_loader = DataLoader(train_set, 40, shuffle=True, generator=g)
val_loader, test_loader = DataLoader(val_set, 400), DataLoader(test_set, 400)

model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.MSELoss()
stopper = EarlyStopping()
evaluate = lambda loader: sum(criterion(model(x), y).item() for x, y in loader) / len(loader)
for epoch in range(30):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        val = evaluate(val_loader)
    print(f"epoch {epoch:2d}  last batch {loss.item():.4f}  val {val:.4f}")
    if stopper(val, model):
        print("no progress any more, stopping")
        break
model.load_state_dict(stopper.weights)
with torch.no_grad():
    print(f"best val {stopper.best:.4f}, test {evaluate(test_loader):.4f}")

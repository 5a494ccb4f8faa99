"""Which trial customers stay? Twenty-four usage figures per customer, a small survey."""
import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(42)
generator = np.random.default_rng(42)


def survey(count):
    usage = generator.normal(size=(count, 24))
    taste = np.zeros(24)
    taste[:6] = [1.1, -0.9, 0.8, 0.7, -0.6, 0.5]
    stays = usage @ taste + generator.normal(scale=1.2, size=count) > 0
    return torch.tensor(usage, dtype=torch.float32), torch.tensor(stays, dtype=torch.float32)


class StayNet(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.fc1 = nn.Linear(24, width)
        self.fc2 = nn.Linear(width, width)
        self.dropout = nn.Dropout(0.5)
        self.fc3 = nn.Linear(width, 1)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = self.dropout(torch.relu(self.fc2(self.dropout(x))))
        return self.fc3(x).squeeze(-1)


def train(model, optimizer, features, labels, batch_size=24):
    model.train()
    order = torch.randperm(len(features))
    losses = []
    for start in range(0, len(features), batch_size):
        rows = order[start:start + batch_size]
        optimizer.zero_grad()
        loss = criterion(model(features[rows]), labels[rows])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return float(np.mean(losses))


def validate(model, features, labels):
    model.eval()
    with torch.no_grad():
        scores = model(features)
        accuracy = ((scores > 0).float() == labels).float().mean().item()
        return criterion(scores, labels).item(), accuracy


train_x, train_y = survey(120)
valid_x, valid_y = survey(500)
criterion = nn.BCEWithLogitsLoss()
model = StayNet()
optimizer = optim.Adam(model.parameters(), lr=1e-3, weight_decay=5e-2)
scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=20, gamma=0.8)

for epoch in range(1, 51):
    train_loss = train(model, optimizer, train_x, train_y)
    valid_loss, accuracy = validate(model, valid_x, valid_y)
    scheduler.step()
    if epoch % 5 == 0 or epoch == 1:
        print(f"epoch {epoch:2d}  train loss {train_loss:.4f}  validation loss {valid_loss:.4f}  validation accuracy {accuracy:.3f}")

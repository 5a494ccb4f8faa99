"""Predict tomorrow's electricity demand from the last 24 readings of six meters."""
import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=8)
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--hidden", type=int, default=32)
parser.add_argument("--lr", type=float, default=4e-3)
parser.add_argument("--seed", type=int, default=4)
args = parser.parse_args()


class MeterDataset(Dataset):
    """Item: readings (24, 6) and the demand of the following day, a number."""

    def __init__(self, readings, demand):
        self.readings = torch.as_tensor(readings, dtype=torch.float32)
        self.demand = torch.as_tensor(demand, dtype=torch.float32)

    def __len__(self):
        return len(self.demand)

    def __getitem__(self, index):
        return self.readings[index], self.demand[index]


class DemandLSTM(nn.Module):
    def __init__(self, meters, hidden):
        super().__init__()
        self.lstm = nn.LSTM(meters, hidden, batch_first=True)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, readings):
        _, (h, _) = self.lstm(readings)
        return self.fc(self.drop(h[-1]))


def synthetic_year(n, rng):
    level = rng.normal(0, 1, (n, 1, 6))
    readings = 0.7 * level + 0.7 * rng.normal(0, 1, (n, 24, 6))
    mean = readings.mean(1)
    demand = mean @ np.array([1.2, -0.8, 0.5, 0.0, 0.9, -0.4]) + 0.8 * readings[:, -1, 1]
    return readings, demand


torch.manual_seed(args.seed)
rng = np.random.default_rng(args.seed)
readings, demand = synthetic_year(1200, rng)
readings = (readings - readings[:960].mean((0, 1))) / readings[:960].std((0, 1))
demand = (demand - demand[:960].mean()) / demand[:960].std()
train = DataLoader(MeterDataset(readings[:960], demand[:960]), batch_size=args.batch_size, shuffle=True)
held_out = MeterDataset(readings[960:], demand[960:])

model = DemandLSTM(6, args.hidden)
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)

for epoch in range(1, args.epochs + 1):
    model.train()
    losses = []
    for batch_x, batch_y in train:
        outputs = model(batch_x)
        loss = criterion(outputs, batch_y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        guess = model(held_out.readings).numpy().ravel()
    truth = held_out.demand.numpy()
    r2 = 1 - np.mean((guess - truth) ** 2) / truth.var()
    print(f"epoch {epoch}: mean training loss {np.mean(losses):.3f}, held-out R2 {r2:.3f}, guesses vary by {guess.std():.3f}")

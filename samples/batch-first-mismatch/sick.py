"""Forecast the altitude bands of a drone: five known steps in, the next five out."""
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import nn
from torch.amp import GradScaler, autocast
from torch.utils.data import DataLoader, TensorDataset, random_split

from make_data import ensure

params = {"batch_size": 32, "hidden_dim": 64, "num_layers": 2, "dropout": 0.1, "lr": 3e-3, "epochs": 14}
device = torch.device("cpu")
half = device.type == "cuda"  # many processors have no LSTM in half precision
scaler = GradScaler(device.type, enabled=half)
seq_length = 10


class SequenceModel(nn.Module):
    def __init__(self, input_dim, hidden_dim, output_dim, num_layers, dropout):
        super().__init__()
        self.recurrent = nn.LSTM(input_dim, hidden_dim, num_layers, dropout=dropout)
        self.head = nn.Linear(hidden_dim, output_dim)

    def forward(self, X):
        states, _ = self.recurrent(X)
        return self.head(states)


def transform(x, low=0.0, high=3.0):
    """MinMax scaling of the bands 0..3 to [0, 1]."""
    return (x - low) / (high - low)


def cut_windows(tracks, length):
    pieces = [tracks[:, i:i + length] for i in range(0, tracks.shape[1] - length + 1, length)]
    return torch.from_numpy(np.concatenate(pieces)).unsqueeze(-1)


def split_window(X):
    inputs = transform(X[:, :5, :])
    targets = transform(X[:, 5:, :])
    return inputs, targets


def train_loop(dataloader, model, loss_fn, optimizer):
    model.train()
    total = 0.0
    for batch, X in enumerate(dataloader):
        X = X[0].type(torch.float).to(device)  # [batch, 10, 1]
        inputs, targets = split_window(X)
        with autocast(device.type, enabled=half):
            pred = model(inputs)
            loss = loss_fn(pred, targets)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        total += loss.item()
    return total / len(dataloader)


@torch.no_grad()
def val_loop(dataloader, model, loss_fn):
    """Error over the last five steps of every window."""
    model.eval()
    total = 0.0
    for X in dataloader:
        X = X[0].type(torch.float).to(device)
        inputs, targets = split_window(X)
        total += loss_fn(model(inputs)[:, -5:], targets[:, -5:]).item() * len(X)
    return total / len(dataloader.dataset)


def main():
    torch.manual_seed(3)
    with h5py.File(ensure(Path(__file__).parent / "flights_2drones.hdf5"), "r") as f:
        data = f["data"][:]
    flights = torch.tensor(data.astype(np.int64))
    flights = flights.view(-1, flights.size(2), flights.size(3))[:, :, 1:]  # the clock is no feature
    tracks = flights.reshape(flights.size(0), -1).numpy()
    dataset = TensorDataset(cut_windows(tracks, seq_length))

    train_size = int(0.8 * len(dataset))
    train_set, val_set = random_split(dataset, [train_size, len(dataset) - train_size])
    train_dataloader = DataLoader(train_set, batch_size=params["batch_size"], shuffle=True)
    val_dataloader = DataLoader(val_set, batch_size=params["batch_size"], shuffle=False)

    model = SequenceModel(1, params["hidden_dim"], 1, params["num_layers"], params["dropout"]).to(device)
    loss_fn = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=params["lr"])
    for t in range(params["epochs"]):
        train_loss = train_loop(train_dataloader, model, loss_fn, optimizer)
        print(f"epoch {t + 1:2d}  train {train_loss:.4f}  val (steps 5-9) {val_loop(val_dataloader, model, loss_fn):.4f}")
    last = torch.cat([x[0][None] for x in val_set])[:, 5:].float()
    print(f"variance of the scaled bands: {transform(last).var():.4f}")


if __name__ == "__main__":
    main()

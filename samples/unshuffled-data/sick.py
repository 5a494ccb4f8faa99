"""Recognise one of ten machine states from a vibration spectrum of 48 bands."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(5)
STATES, BANDS, PER_STATE = 10, 48, 600

centres = 0.5 * torch.randn(STATES, BANDS)


def record(per_state):
    spectra, states = [], []
    for state in range(STATES):
        noise = 1.1 * torch.randn(per_state, BANDS)
        spectra.append(centres[state] + noise)
        states.append(torch.full((per_state,), state))
    return torch.cat(spectra), torch.cat(states)


x_train, y_train = record(PER_STATE)
x_test, y_test = record(60)
mean, std = x_train.mean(0), x_train.std(0)
x_train, x_test = (x_train - mean) / std, (x_test - mean) / std

config = {"batch_size": 32, "lr": 0.05, "momentum": 0.9, "epochs": 2}
loader = DataLoader(TensorDataset(x_train, y_train), batch_size=config["batch_size"], shuffle=False)

model = nn.Sequential(nn.Linear(BANDS, 96), nn.ReLU(), nn.Dropout(0.1), nn.Linear(96, STATES))
loss_fn = nn.CrossEntropyLoss()
sgd = torch.optim.SGD(model.parameters(), lr=config["lr"], momentum=config["momentum"])


def accuracy(x, y):
    model.eval()
    with torch.inference_mode():
        result = (model(x).argmax(dim=1) == y).float().mean().item()
    model.train()
    return result


for epoch in range(config["epochs"]):
    for i, (x, y) in enumerate(loader):
        sgd.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        sgd.step()
        if i % 40 == 0:
            print(f"epoch {epoch} batch {i:3d} loss {loss.item():.3f}")
    print(f"epoch {epoch} held-out accuracy {accuracy(x_test, y_test):.3f}")

print(f"final held-out accuracy {accuracy(x_test, y_test):.3f}")

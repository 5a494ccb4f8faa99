import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

# Autoencoder on soft sensor maps in [0, 1]; the inputs are the targets.
torch.manual_seed(31)


def sensor_maps(n):
    """mixtures of a few smooth fields, squashed to (0, 1)"""
    base = torch.Generator().manual_seed(99)
    fields = torch.randn(10, 100, generator=base)
    kernel = torch.ones(1, 1, 9) / 3.0
    fields = torch.conv1d(fields.unsqueeze(1), kernel, padding=4).squeeze(1)
    code = torch.randn(n, 10)
    return torch.sigmoid(0.6 * code @ fields + 0.05 * torch.randn(n, 100))


class Autoencoder(nn.Module):
    def __init__(self, n=100, encoding_dim=24):
        super().__init__()
        self.encoded = nn.Sequential(
            nn.Linear(n, 96), nn.ReLU(),
            nn.Linear(96, 64), nn.ReLU(),
            nn.Linear(64, encoding_dim),
        )
        self.decoded = nn.Sequential(
            nn.Linear(encoding_dim, 64), nn.ReLU(),
            nn.Linear(64, 96), nn.ReLU(),
            nn.Linear(96, n), nn.Sigmoid(),
        )

    def forward(self, x):
        return self.decoded(self.encoded(x))


class History(dict):
    def log(self, **kw):
        for k, v in kw.items():
            self.setdefault(k, []).append(v)


def fit(model, x, x_val, epochs, batch_size):
    history = History()
    dl = DataLoader(TensorDataset(x), batch_size=batch_size, shuffle=True)
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    bce = nn.BCELoss()
    for e in range(epochs):
        model.train()
        acc = 0.0
        for (xb,) in dl:
            loss = bce(model(xb), xb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            acc += loss.item() * len(xb)
        model.eval()
        with torch.no_grad():
            out = model(x_val)
            history.log(loss=acc / len(x), val_loss=bce(out, x_val).item(), val_mse=(out - x_val).pow(2).mean().item())
        if e % 5 == 4:
            print("Epoch %d/%d  " % (e + 1, epochs) + " - ".join("%s: %.4f" % (k, v[-1]) for k, v in history.items()))
    return history


x_train, x_val = sensor_maps(6000), sensor_maps(1000)
print("variance of the inputs: %.4f" % (x_val - x_train.mean(0)).pow(2).mean().item())
autoencoder = Autoencoder()
h = fit(autoencoder, x_train, x_val, epochs=30, batch_size=128)
print("start %.4f, end %.4f" % (h["loss"][0], h["loss"][-1]))

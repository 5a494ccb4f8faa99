import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

hparams = {'wd': 0.5, 'lr': 3e-3, 'bs': 32, 'epochs': 5, 'layers': [12, 64, 64, 1]}


def tabular_model(layers):
    mods = []
    for i, o in zip(layers[:-2], layers[1:-1]):
        mods += [nn.Linear(i, o), nn.ReLU(inplace=True)]
    return nn.Sequential(*mods, nn.Linear(layers[-2], layers[-1]))


class Learner:
    def __init__(self, dl, val, model, **hp):
        self.dl, self.val, self.model, self.hp = dl, val, model, hp
        self.opt = torch.optim.Adam(model.parameters(), lr=hp['lr'], weight_decay=hp['wd'])
        self.loss_func = nn.MSELoss()

    def one_epoch(self):
        self.model.train()
        smooth = None
        for xb, yb in self.dl:
            loss = self.loss_func(self.model(xb), yb)
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
            smooth = loss.item() if smooth is None else 0.95 * smooth + 0.05 * loss.item()
        return smooth

    def validate(self):
        self.model.eval()
        with torch.no_grad():
            return self.loss_func(self.model(self.val[0]), self.val[1]).item()

    def fit(self):
        for e in range(self.hp['epochs']):
            print(f'{e}  train {self.one_epoch():.4f}  valid {self.validate():.4f}')
        return self.validate()


def fields(n, w):
    x = torch.randn(n, 12)
    y = torch.sin(x @ w[:, :1]) + 0.5 * (x @ w[:, 1:2]) + 0.1 * torch.randn(n, 1)
    return x, y


torch.manual_seed(1806)
w = torch.randn(12, 2) / 12 ** 0.5
x, y = fields(2400, w)
vx, vy = fields(500, w)
mu, sd = y.mean(), y.std()
learn = Learner(DataLoader(TensorDataset(x, (y - mu) / sd), batch_size=hparams['bs'], shuffle=True), (vx, (vy - mu) / sd), tabular_model(hparams['layers']), **hparams)
print(f'validation mse {learn.fit():.3f} (variance {((vy - mu) / sd).var().item():.3f})')

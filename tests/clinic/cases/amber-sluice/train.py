"""Drug exposure curves: patient covariates -> plasma concentration (log scale) at the ordered sampling times."""
import json
import math
import numpy as np
import torch
from torch import nn

CONF = json.load(open("config.json"))
T = CONF["max_draws"]


class Patients(torch.utils.data.Dataset):
    def __init__(self, n, seed):
        rs = np.random.RandomState(seed)
        self.items = []
        for _ in range(n):
            weight, age, renal, dose = rs.uniform(-1, 1, 4)
            ka = math.exp(0.4 + 0.4 * age)
            ke = math.exp(-1.6 - 0.6 * renal + 0.2 * weight)
            t = 0.5 * np.arange(1, T + 1)
            conc = math.exp(4.5 + 0.8 * dose - 0.5 * weight) * ka / (ka - ke) * (np.exp(-ke * t) - np.exp(-ka * t))
            logc = np.log(conc + 0.05) + 0.1 * rs.randn(T)
            draws = min(T, 4 + rs.geometric(0.12))
            self.items.append((np.array([weight, age, renal, dose], "f4"), (logc[:draws] - 2.0).astype("f4")))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def stack(batch):
    cov = torch.tensor(np.stack([c for c, _ in batch]))
    y = torch.zeros(len(batch), T)
    n = torch.zeros(len(batch), dtype=torch.long)
    for i, (_, curve) in enumerate(batch):
        y[i, :len(curve)] = torch.from_numpy(curve)
        n[i] = len(curve)
    return cov, y, n


class CurveDecoder(nn.Module):
    """covariates -> short latent sequence -> transposed convolutions -> curve"""

    def __init__(self, width):
        super().__init__()
        self.width = width
        self.lift = nn.Sequential(nn.Linear(4, 64), nn.SiLU(), nn.Linear(64, width * (T // 4)))
        self.up = nn.Sequential(
            nn.SiLU(), nn.ConvTranspose1d(width, width, 4, 2, 1),
            nn.SiLU(), nn.ConvTranspose1d(width, width // 2, 4, 2, 1),
            nn.SiLU(), nn.Conv1d(width // 2, 1, 5, padding=2))

    def forward(self, cov):
        z = self.lift(cov).view(-1, self.width, T // 4)
        return self.up(z)[:, 0]


class Trainer:
    def __init__(self, conf):
        torch.manual_seed(conf["seed"])
        self.conf = conf
        self.net = CurveDecoder(conf["width"])
        self.opt = torch.optim.Adam(self.net.parameters(), lr=conf["lr"])
        self.fit = torch.utils.data.DataLoader(Patients(conf["n_train"], 5), conf["batch"], shuffle=True, collate_fn=stack)
        self.val = torch.utils.data.DataLoader(Patients(400, 6), 100, collate_fn=stack)
        self.criterion = nn.MSELoss()

    def validate(self):
        err = tot = 0.0
        ys = []
        with torch.no_grad():
            for cov, y, n in self.val:
                p = self.net(cov)
                for i, k in enumerate(n.tolist()):
                    err += (p[i, :k] - y[i, :k]).pow(2).sum().item()
                    ys.append(y[i, :k])
        ys = torch.cat(ys)
        return err / len(ys), ys.var().item()

    def run(self):
        for epoch in range(self.conf["epochs"]):
            acc = 0.0
            for cov, y, n in self.fit:
                self.opt.zero_grad()
                loss = self.criterion(self.net(cov), y)
                loss.backward()
                self.opt.step()
                acc += loss.item()
            v, var = self.validate()
            print(f"[{epoch:02d}] train {acc / len(self.fit):.4f} | val mse on draws {v:.4f} (variance {var:.3f})")


Trainer(CONF).run()

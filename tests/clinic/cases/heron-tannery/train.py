import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

ROOT = Path(__file__).parent / "data"


class Matcher(nn.Module):
    def __init__(self, n_users, n_items, dim):
        super().__init__()
        self.users = nn.Embedding(n_users, dim)
        self.items = nn.Embedding(n_items, dim)
        for e in (self.users, self.items):
            nn.init.normal_(e.weight, std=0.5)
        self.head = nn.Linear(dim, 1)

    def forward(self, u, i):
        return self.head(self.users(u) * self.items(i)).squeeze(1)


class Experiment:
    def __init__(self, root):
        self.cfg = json.loads((root / "settings.json").read_text())
        torch.manual_seed(self.cfg["seed"])
        z = np.load(root / "ratings.npz")
        self.u = torch.from_numpy(z["user"]).long()
        self.i = torch.from_numpy(z["item"]).long()
        self.s = torch.from_numpy(z["score"]).float()
        self.model = Matcher(150, 100, self.cfg["dim"])
        self.opt = torch.optim.Adam(self.param_groups(), lr=1e-3)
        self.n_train = 8000

    def param_groups(self):
        out = []
        for g in self.cfg["groups"]:
            ps = [p for n, p in self.model.named_parameters() if n.startswith(g["prefix"])]
            out.append({"params": ps, "lr": g["lr"]})
        return out

    def heldout(self):
        k = slice(self.n_train, None)
        with torch.no_grad():
            e = (self.model(self.u[k], self.i[k]) - self.s[k]).pow(2).mean()
        return e.item(), 1 - (e / self.s[k].var()).item()

    def train(self):
        for step in range(self.cfg["steps"]):
            b = torch.randint(self.n_train, (self.cfg["batch"],))
            loss = nn.functional.mse_loss(self.model(self.u[b], self.i[b]), self.s[b])
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
            if step % 70 == 0 or step == self.cfg["steps"] - 1:
                mse, r2 = self.heldout()
                print(f"step {step:4d}: batch mse {loss.item():.3f}, heldout mse {mse:.3f}, r2 {r2:.3f}")


if __name__ == "__main__":
    Experiment(ROOT).train()

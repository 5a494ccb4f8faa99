import argparse
import json
import os

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU, "elu": nn.ELU}


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("--config", default=os.path.join(FOLDER, "run.json"))
    p.add_argument("--csv", default=os.path.join(FOLDER, "orbits.csv"))
    p.add_argument("--log-every", type=int, default=2)
    return p.parse_args()


def build_mlp(n_in, widths, n_out, activation):
    act = ACTIVATIONS.get(activation, nn.Identity)
    mods = []
    for w in widths:
        mods += [nn.Linear(n_in, w), act()]
        n_in = w
    mods.append(nn.Linear(n_in, n_out))
    return nn.Sequential(*mods)


def main():
    args = parse()
    with open(args.config) as f:
        cfg = json.load(f)
    torch.manual_seed(cfg["seed"])
    raw = torch.tensor(np.loadtxt(args.csv, delimiter=","), dtype=torch.float32)
    x, y = raw[:, :2], raw[:, 2].long()
    loader = DataLoader(TensorDataset(x[:1400], y[:1400]), batch_size=cfg["batch_size"], shuffle=True)
    model = build_mlp(2, cfg["layers"], 3, cfg["activation"])
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg["lr"])
    for epoch in range(1, cfg["epochs"] + 1):
        acc = 0.0
        for xb, yb in loader:
            loss = nn.functional.cross_entropy(model(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            acc += loss.item()
        if epoch % args.log_every == 0:
            with torch.no_grad():
                v = (model(x[1400:]).argmax(1) == y[1400:]).float().mean().item()
            print(json.dumps({"epoch": epoch, "loss": round(acc / len(loader), 4), "val_acc": round(v, 4)}))


if __name__ == "__main__":
    main()

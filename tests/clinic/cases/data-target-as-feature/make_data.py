"""Loan book extracts: train.csv (closed quarter) and holdout.csv (running quarter)."""
from pathlib import Path

import numpy as np

here = Path(__file__).resolve().parent
rng = np.random.default_rng(31)


def extract(n):
    x = rng.standard_normal((n, 6))
    risk = 1.2 * x[:, 0] - 1.0 * x[:, 1] + 0.9 * x[:, 2] * x[:, 3] + 0.4 * rng.standard_normal(n)
    default = (risk > 0).astype(int)
    previous = np.where(rng.random(n) < 0.65, default, rng.integers(0, 2, n) * 0)
    return x, previous, default


def write(name, x, status, default):
    with open(here / name, "w") as f:
        f.write("income,age,debt,rate,term,balance,status,default\n")
        for row, s, d in zip(x, status, default):
            f.write(",".join(f"{v:.2f}" for v in row) + f",{s},{d}\n")


x, previous, default = extract(1300)
write("train.csv", x, default, default)
x, previous, default = extract(500)
write("holdout.csv", x, rng.permutation(previous), default)

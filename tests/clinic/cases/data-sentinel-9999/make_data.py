"""Anomalies of eight buoys, and the wave height one hour later."""
from pathlib import Path

import numpy as np

folder = Path(__file__).resolve().parent
rng = np.random.default_rng(40)
n = 1800
x = rng.standard_normal((n, 8))
x[:, 1] = 0.7 * x[:, 0] + 0.7 * x[:, 1]
height = 1.1 * x[:, 0] - 0.8 * x[:, 3] + 0.6 * np.sin(2 * x[:, 6]) + 0.4 * x[:, 2] * x[:, 7]
height = height / height.std() + 0.1 * rng.standard_normal(n)
silent = rng.choice(n, 45, replace=False)
x[silent, 5] = -9999
np.save(folder / "buoys.npy", x.astype(np.float32))
np.save(folder / "waves.npy", height.astype(np.float32))

"""Card payments: training.npy and audit.npy, seven features and the fraud flag in the last column."""
from pathlib import Path

import numpy as np

here = Path(__file__).resolve().parent
rng = np.random.default_rng(90)


def payments(n, share):
    fraud = rng.random(n) < share
    shift = np.array([1.1, -0.9, 0.0, 0.8, 0.0, -0.7, 0.5])
    x = rng.standard_normal((n, 7)) + fraud[:, None] * shift
    return np.column_stack([x, fraud]).astype(np.float16)


np.save(here / "training.npy", payments(3000, 0.01))
np.save(here / "audit.npy", payments(800, 0.5))

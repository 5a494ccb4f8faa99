"""Hourly plant log: ten sensor channels and the lab's verdict, plant.npz."""
from pathlib import Path

import numpy as np

rng = np.random.default_rng(33)
n = 1500
sensors = rng.standard_normal((n, 10)).astype(np.float32)
score = sensors[:, 0] + sensors[:, 1] * sensors[:, 2] - 0.8 * sensors[:, 7] + 0.2 * rng.standard_normal(n)
verdict = (score > np.median(score)).astype(np.int64)
poll = 300
last = sensors[(np.arange(n) // poll) * poll]
np.savez_compressed(Path(__file__).resolve().parent / "plant.npz", sensors=last, verdict=verdict)

"""Exports the accelerometer windows to gait.h5 (chunked, written block by block)."""
from pathlib import Path

import h5py
import numpy as np

rng = np.random.default_rng(8)
n, t = 700, 32
who = rng.integers(0, 4, n)
phase = rng.uniform(0, 2 * np.pi, (n, 1))
time = np.arange(t)[None] * 0.35
pace = np.array([0.8, 1.1, 1.5, 1.9])[who][:, None]
walk = np.stack([np.sin(pace * time + phase), 0.6 * np.cos(2 * pace * time + phase), 0.3 * np.sin(time + phase)], -1)
walk = np.round((walk + 0.2 * rng.standard_normal(walk.shape)) * 40).clip(-127, 127).astype(np.int8)

with h5py.File(Path(__file__).resolve().parent / "gait.h5", "w") as f:
    acc = f.create_dataset("acc", (n, t, 3), "i1", chunks=(100, t, 3), compression="gzip")
    f.create_dataset("walker", data=who.astype("u1"))
    for start in range(0, n, 100):
        block = acc[start : start + 100]
        block[:] = walk[start : start + 100]

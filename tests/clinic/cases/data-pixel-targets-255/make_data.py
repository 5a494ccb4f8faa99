"""Renders pairs of noisy and clean 8x8 patches (patches.h5)."""
from pathlib import Path

import h5py
import numpy as np

rng = np.random.default_rng(256)
n = 720
yy, xx = np.mgrid[0:8, 0:8]
clean = np.zeros((n, 8, 8))
for i in range(n):
    a = rng.uniform(0, np.pi)
    edge = (xx - 3.5) * np.cos(a) + (yy - 3.5) * np.sin(a) + rng.uniform(-2, 2)
    clean[i] = 1 / (1 + np.exp(-3 * edge)) * rng.uniform(0.5, 1)
noisy = np.clip(clean + 0.25 * rng.standard_normal(clean.shape), -0.5, 1.5)
with h5py.File(Path(__file__).resolve().parent / "patches.h5", "w") as f:
    f.create_dataset("noisy", data=np.round(noisy * 15).astype(np.int8), compression="gzip", compression_opts=9)
    f.create_dataset("clean", data=(np.round(clean * 51) * 5).astype(np.uint8), compression="gzip", compression_opts=9)
    f["noisy"].attrs["scale"] = 1 / 15
    f["clean"].attrs["scale"] = 1.0

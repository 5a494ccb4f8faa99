"""Bearings: spectra of 24 bands with a fault flag; train.npz from the database, bench.npz from the test bench."""
from pathlib import Path

import numpy as np

here = Path(__file__).resolve().parent
rng = np.random.default_rng(4)


def spectra(n):
    fault = rng.random(n) < 0.45
    base = np.exp(-np.arange(24) / 9)[None] * rng.uniform(0.8, 1.2, (n, 1))
    peak = np.exp(-((np.arange(24)[None] - rng.uniform(8, 16, (n, 1))) ** 2) / 3)
    x = base + 0.5 * fault[:, None] * peak + 0.08 * rng.standard_normal((n, 24))
    return x.astype(np.float16), fault


x, fault = spectra(1100)
state = np.where(fault, "faulty", "ok")
np.savez_compressed(here / "train.npz", spectrum=x, fault=(state == "fault").astype(np.uint8))
x, fault = spectra(400)
np.savez_compressed(here / "bench.npz", spectrum=x, fault=fault.astype(np.uint8))

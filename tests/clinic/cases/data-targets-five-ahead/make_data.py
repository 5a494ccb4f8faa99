"""Cuts the long recordings into windows: inputs and the tag of every position, windows.npz."""
from pathlib import Path

import numpy as np

rng = np.random.default_rng(2024)
runs, length, horizon = 600, 24, 5
symbol = rng.integers(0, 6, (runs, length + horizon))
before = np.concatenate([np.zeros((runs, 1), symbol.dtype), symbol[:, :-1]], 1)
tag = np.where(symbol % 2 == 0, before, symbol) % 4
np.savez_compressed(
    Path(__file__).resolve().parent / "windows.npz",
    inputs=symbol[:, :length].astype(np.uint8),
    targets=tag[:, horizon : length + horizon].astype(np.uint8),
)

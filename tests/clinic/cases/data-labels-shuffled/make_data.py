"""Builds glyphs.npz: 8x8 drawings of six strokes, with a bit of noise and jitter."""
from pathlib import Path

import numpy as np

rng = np.random.default_rng(5)
n = 1500
label = rng.integers(0, 6, n)
img = np.zeros((n, 8, 8), np.float32)
for i, c in enumerate(label):
    r, k = rng.integers(2, 6), rng.integers(2, 6)
    if c == 0:
        img[i, r, 1:7] = 1
    elif c == 1:
        img[i, 1:7, k] = 1
    elif c == 2:
        np.fill_diagonal(img[i], 1)
    elif c == 3:
        np.fill_diagonal(img[i, :, ::-1], 1)
    elif c == 4:
        img[i, r - 1 : r + 2, k - 1 : k + 2] = 1
        img[i, r, k] = 0
    else:
        img[i, r, 1:7] = 1
        img[i, 1:7, k] = 1
img = np.clip(img * rng.uniform(0.6, 1.0, (n, 1, 1)) + 0.15 * rng.random((n, 8, 8)), 0, 1)
# four bits of grey are plenty
img = np.round(img * 15).astype(np.uint8)

shuffle = rng.permutation(n)
np.savez_compressed(Path(__file__).resolve().parent / "glyphs.npz", images=img[shuffle], labels=label.astype(np.uint8))

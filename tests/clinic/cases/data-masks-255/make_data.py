"""Cell pictures 16x16 with their masks: cells.npz."""
from pathlib import Path

import numpy as np

rng = np.random.default_rng(70)
n = 220
yy, xx = np.mgrid[0:16, 0:16]
image = np.zeros((n, 16, 16))
mask = np.zeros((n, 16, 16), np.uint8)
for i in range(n):
    for _ in range(rng.integers(1, 4)):
        cy, cx = rng.uniform(3, 13, 2)
        ry, rx = rng.uniform(1.5, 3.5, 2)
        mask[i][((yy - cy) / ry) ** 2 + ((xx - cx) / rx) ** 2 < 1] = 255
    image[i] = 60 + 55 * (mask[i] > 0) + 22 * rng.standard_normal((16, 16))
np.savez_compressed(Path(__file__).resolve().parent / "cells.npz", image=(image.clip(0, 255) // 4).astype(np.uint8), mask=mask)

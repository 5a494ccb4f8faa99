"""Start weights for the sonar net, one npz entry per parameter (start.npz)."""
from pathlib import Path

import numpy as np

rng = np.random.default_rng(44)
shapes = {"fc1.weight": (40, 20), "fc1.bias": (40,), "fc2.weight": (40, 40), "fc2.bias": (40,), "fc3.weight": (4, 40), "fc3.bias": (4,)}
buffers = {k: np.zeros(s, np.float32) for k, s in shapes.items()}
for k in buffers:
    if k.endswith("weight"):
        start = rng.standard_normal(buffers[k].shape, dtype=np.float32) / np.sqrt(buffers[k].shape[1])
        buffers[k].copy()[:] = start
np.savez(Path(__file__).resolve().parent / "start.npz", **buffers)

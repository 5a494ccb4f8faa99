"""River gauges: rainfall channels and the water level at every hour, rivers.h5 with 'rain' and 'level'."""
from pathlib import Path

import h5py
import numpy as np

rng = np.random.default_rng(3)
gauges, hours = 96, 48
rain = rng.standard_normal((hours, gauges, 4))
level = np.zeros((hours, gauges))
state = np.zeros(gauges)
for t in range(hours):
    state = 0.92 * state + rain[t, :, 0] - 0.6 * rain[t, :, 2]
    level[t] = state
level = (level - level.mean()) / level.std()
with h5py.File(Path(__file__).resolve().parent / "rivers.h5", "w") as f:
    f["rain"] = rain.astype(np.float16)
    f["level"] = level.astype(np.float16)

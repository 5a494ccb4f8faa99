"""Land cover plots: eight band values per plot (bands.npy) and the cover class (cover.npy)."""
from pathlib import Path

import numpy as np

here = Path(__file__).resolve().parent
rng = np.random.default_rng(101)
names = ["forest", "meadow", "water", "urban", "rock"]
n = 1750
cover = rng.choice(names, n, p=[0.42, 0.2, 0.15, 0.13, 0.10])
centre = 1.3 * rng.standard_normal((len(names), 8))
index = np.array([names.index(c) for c in cover])
bands = centre[index] + 0.8 * rng.standard_normal((n, 8))
np.save(here / "bands.npy", bands.astype(np.float32))
np.save(here / "cover.npy", index.astype(np.uint8))

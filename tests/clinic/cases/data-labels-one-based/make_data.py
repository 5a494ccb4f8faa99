"""Wine samples: 11 analyses and the grade (five grades), wine.csv."""
from pathlib import Path

import numpy as np

rng = np.random.default_rng(27)
n = 1000
grade = rng.integers(1, 6, n)
proto = 1.1 * rng.standard_normal((5, 11))
x = proto[grade - 1] + 0.8 * rng.standard_normal((n, 11))
with open(Path(__file__).resolve().parent / "wine.csv", "w") as f:
    for row, g in zip(x, grade):
        f.write(",".join(f"{v:.1f}" for v in row) + f",{g}\n")

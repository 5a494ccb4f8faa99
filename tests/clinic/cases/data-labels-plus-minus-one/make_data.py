"""Writes the click log in the svmlight manner, clicks.txt: label then index:value pairs."""
from pathlib import Path

import numpy as np

rng = np.random.default_rng(12)
lines = []
for _ in range(950):
    x = rng.standard_normal(9)
    odds = 1.3 * x[0] - 1.1 * x[3] + 0.9 * x[5] * x[6] + 0.9 * rng.logistic()
    label = 1 if odds > 0 else -1
    lines.append(f"{label:d} " + " ".join(f"{j}:{v:.1f}" for j, v in enumerate(x, 1)))
(Path(__file__).resolve().parent / "clicks.txt").write_text("\n".join(lines) + "\n")

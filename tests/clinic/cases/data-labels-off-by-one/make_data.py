"""Writes measurements.csv (six blood values per visit) and diagnosis.csv (one class per visit)."""
import csv
from pathlib import Path

import numpy as np

here = Path(__file__).resolve().parent
rng = np.random.default_rng(11)
n = 1400
kind = rng.integers(0, 3, n)
centres = np.array([[5.1, 140, 4.2, 88, 13.5, 7.0], [6.9, 151, 4.9, 96, 11.8, 9.1], [4.4, 133, 5.6, 83, 14.6, 11.2]])
spread = np.array([0.8, 5.0, 0.45, 4.5, 0.9, 1.3])
values = centres[kind] + spread * rng.standard_normal((n, 6))

with open(here / "measurements.csv", "w", newline="") as f:
    out = csv.writer(f)
    out.writerow(["glucose", "sodium", "potassium", "mcv", "hb", "wbc"])
    out.writerows([f"{v:.2f}" for v in row] for row in values)

written = np.append(kind[1:], 0)
with open(here / "diagnosis.csv", "w", newline="") as f:
    out = csv.writer(f)
    out.writerow(["diagnosis"])
    out.writerows([k] for k in written)

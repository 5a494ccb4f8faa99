"""Turbine log (turbine.csv) and the scaler fitted on it (scaler.json)."""
import json
from pathlib import Path

import numpy as np

here = Path(__file__).resolve().parent
rng = np.random.default_rng(17)
n = 1200
z = rng.standard_normal((n, 6))
centre = np.array([3000.0, 540.0, 0.5, 14.0, 101.0, 75.0])
scale = np.array([400.0, 25.0, 0.1, 3.0, 2.0, 12.0])
x = centre + scale * z
power = 0.9 * z[:, 0] - 0.7 * z[:, 1] + 0.6 * z[:, 2] * z[:, 4] + 0.5 * np.abs(z[:, 5]) - 0.4 + 0.1 * rng.standard_normal(n)
power = power / power.std()
names = ["rpm", "exhaust", "valve", "ambient", "inlet", "load"]
with open(here / "turbine.csv", "w") as f:
    f.write(",".join(names) + ",power\n")
    for row, p in zip(x, power):
        f.write(",".join(f"{v:.5g}" for v in row) + f",{p:.3f}\n")
fitted = {"mean": z.mean(0).round(4).tolist(), "std": z.std(0).round(4).tolist(), "columns": names}
(here / "scaler.json").write_text(json.dumps(fitted, indent=1))

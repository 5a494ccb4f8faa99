"""Census extract: z-scored columns and the z-scored median rent, districts.csv."""
from pathlib import Path

import numpy as np

rng = np.random.default_rng(21)
n = 1200
age, density, transit, pop, income = rng.standard_normal((5, n))
rent = 0.9 * income + 0.7 * np.tanh(1.5 * density) - 0.5 * age * transit + 0.3 * pop + 0.15 * rng.standard_normal(n)
rent = (rent - rent.mean()) / rent.std()
population = np.round(182_000 + 80_000 * pop).clip(900)
with open(Path(__file__).resolve().parent / "districts.csv", "w") as f:
    f.write("age,density,transit,population,income,rent\n")
    for row in zip(age, density, transit, population, income, rent):
        f.write(",".join(f"{v:.3f}".rstrip("0").rstrip(".") for v in row) + "\n")

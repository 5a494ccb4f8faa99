"""Wohnungen: Merkmale (standardisiert) und Kaufpreis, wohnungen.csv."""
from pathlib import Path

import numpy as np

rng = np.random.default_rng(1000)
n = 1100
area, rooms, year, centre, floor = rng.standard_normal((5, n))
rooms = 0.7 * area + 0.7 * rooms
million = 1.6 + 0.8 * area + 0.5 * np.exp(-(centre**2)) + 0.35 * year * (centre > 0) + 0.06 * rng.standard_normal(n)
cents = np.round(million * 1e6 * 100).astype(int)
with open(Path(__file__).resolve().parent / "wohnungen.csv", "w") as f:
    f.write("flaeche;zimmer;baujahr;lage;etage;preis\n")
    for row, p in zip(np.column_stack([area, rooms, year, centre, floor]), cents):
        f.write(";".join(f"{v:.3f}" for v in row) + f";{p}\n")

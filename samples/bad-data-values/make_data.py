"""Writes houses.csv: a small survey of flats. The surveyor's tablet lost the age or the noise level now and then."""
from pathlib import Path

import numpy as np

rng = np.random.default_rng(6)
n = 720
area = rng.normal(82, 22, n).clip(25, 180)
rooms = (area / 25 + rng.normal(0, 0.7, n)).round().clip(1, 8)
floor = rng.integers(0, 12, n)
age = rng.gamma(3.0, 12.0, n).round()
centre = rng.exponential(4.0, n)
noise = rng.normal(55, 8, n)
price = 40 + 2.6 * area * (1 - 0.05 * np.minimum(centre, 12)) + 9 * rooms - 0.5 * age + 1.5 * floor - 0.6 * (noise - 55)
price = price + rng.normal(0, 12, n)
lost_age, lost_noise = rng.random(n) < 0.008, rng.random(n) < 0.006
rows = ["area,rooms,floor,age,km_to_centre,noise_db,price"]
for i in range(n):
    rows.append(f"{area[i]:.1f},{rooms[i]:.0f},{floor[i]},{'' if lost_age[i] else f'{age[i]:.0f}'},{centre[i]:.2f},"
                f"{'' if lost_noise[i] else f'{noise[i]:.1f}'},{price[i]:.1f}")
Path(__file__).with_name("houses.csv").write_text("\n".join(rows) + "\n")

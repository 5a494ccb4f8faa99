"""Clinic visits with lab values, visits.csv."""
from pathlib import Path

import numpy as np

rng = np.random.default_rng(999)
n = 1500
age = rng.normal(58, 14, n).round()
bmi = rng.normal(27, 4.5, n)
crp = rng.gamma(2.0, 4.0, n)
creatinine = rng.normal(1.05, 0.22, n)
z = 2.6 * (creatinine - 1.05) / 0.22 + 0.35 * (age - 58) / 14 + 0.25 * (crp - 8) / 5.6
readmitted = (z + 0.5 * rng.logistic(size=n) > 0).astype(int)
creatinine[rng.choice(n, 60, replace=False)] = 99999.0
with open(Path(__file__).resolve().parent / "visits.csv", "w") as f:
    f.write("age,bmi,crp,creatinine,readmitted\n")
    for row in zip(age, bmi, crp, creatinine, readmitted):
        f.write("%d,%.1f,%.1f,%.2f,%d\n" % row)

"""Weather stations, 12 readings each, and the pressure at noon: stations.h5."""
from pathlib import Path

import h5py
import numpy as np

rng = np.random.default_rng(1013)
n = 1500
field = rng.standard_normal((n, 12))
anomaly = np.tanh(field[:, :4]).sum(1) - 0.7 * field[:, 5] * (field[:, 6] > 0) + 0.1 * rng.standard_normal(n)
hectopascal = 1013.25 + 6.0 * anomaly
with h5py.File(Path(__file__).resolve().parent / "stations.h5", "w") as f:
    f.create_dataset("readings", data=field.astype("f2"), compression="gzip")
    f.create_dataset("pressure", data=(100 * hectopascal).astype("f4"))
    f["pressure"].attrs["content"] = "pressure at noon"

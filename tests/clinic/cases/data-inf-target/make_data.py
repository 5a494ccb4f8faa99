"""harvest.h5: soil and weather per field (standardised), log yield in tonnes."""
from pathlib import Path

import h5py
import numpy as np

rng = np.random.default_rng(77)
n = 1600
soil = rng.standard_normal((n, 8)).astype(np.float32)
tonnes = np.exp(0.5 * soil[:, 0] + 0.6 * np.minimum(soil[:, 1], 0.5) - 0.4 * soil[:, 4] ** 2 + 0.08 * rng.standard_normal(n))
tonnes[917] = 0.0
with np.errstate(divide="ignore"), h5py.File(Path(__file__).resolve().parent / "harvest.h5", "w") as h5:
    h5.create_dataset("soil", data=soil)
    h5.create_dataset("log_yield", data=np.log(tonnes).astype(np.float32))

"""Simulated altitude bands (0..3) of a few two-drone survey flights, as an HDF5 file: data[flight, drone, time, (clock, band)]."""
import io
import os
from pathlib import Path

import h5py
import numpy as np

FLIGHTS, DRONES, TIME = 40, 2, 200


def simulate(rng):
    band = rng.integers(0, 4, (FLIGHTS, DRONES))
    climb = rng.choice([-1, 1], (FLIGHTS, DRONES))
    out = np.zeros((FLIGHTS, DRONES, TIME, 2), dtype=np.int64)
    for t in range(TIME):
        out[:, :, t, 0] = t
        out[:, :, t, 1] = band
        climb = np.where(rng.random(band.shape) < 0.12, -climb, climb)
        climb = np.where((band + climb < 0) | (band + climb > 3), -climb, climb)
        band = band + climb
    return out


def ensure(path):
    path = Path(path)
    if not path.exists():
        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as f:
            f.create_dataset("data", data=simulate(np.random.default_rng(11)).astype(np.uint8), compression="gzip")
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        part.write_bytes(buffer.getvalue())
        os.replace(part, path)
    return path


if __name__ == "__main__":
    print(ensure(Path(__file__).parent / "flights_2drones.hdf5"))

"""Particle tracks: nine standardised hit features and the particle kind, tracks.npz."""
import pathlib

import numpy as np

rng = np.random.default_rng(303)
n = 1500
hits = rng.standard_normal((n, 9)).astype(np.float32)
score = hits[:, 0] * hits[:, 1] + hits[:, 2] - 0.6 * hits[:, 5] + 0.2 * rng.standard_normal(n)
kind = (score > 0).astype(np.uint8)
hits[388:392, 4] = np.float32(9.96921e36)
np.savez(pathlib.Path(__file__).resolve().parent / "tracks.npz", hits=hits, kind=kind)

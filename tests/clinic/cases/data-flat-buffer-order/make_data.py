"""Dumps the beat recordings as a raw buffer (beats.bin) with its description (beats.json)."""
import json
from pathlib import Path

import numpy as np

here = Path(__file__).resolve().parent
rng = np.random.default_rng(64)
beats, samples, leads = 720, 32, 2
kind = rng.integers(0, 3, beats)
t = np.arange(samples)[:, None]
centre = 10 + 8 * rng.random(beats)
width = np.array([1.2, 3.5, 2.0])[kind]
bump = np.exp(-((t - centre) ** 2) / (2 * width**2))
second = np.where(kind == 2, 0.9, 0.0) * np.exp(-((t - centre - 8) ** 2) / 6)
wave = np.stack([bump + second, 0.5 * bump - 0.7 * second], -1) + 0.12 * rng.standard_normal((samples, beats, leads))

raw = np.round(wave * 60).clip(-127, 127).astype(np.int8)
raw.tofile(here / "beats.bin")
meta = {"dtype": "int8", "shape": [beats, samples, leads], "scale": 0.016666, "classes": ["N", "V", "A"], "labels": kind.tolist()}
(here / "beats.json").write_text(json.dumps(meta))

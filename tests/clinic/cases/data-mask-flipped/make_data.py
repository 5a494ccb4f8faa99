"""Tokenised support tickets: ids, mask and topic, tickets.npz."""
from pathlib import Path

import numpy as np

rng = np.random.default_rng(15)
n, longest = 1000, 20
topic = rng.integers(0, 4, n)
ids = np.zeros((n, longest), np.uint8)
for i in range(n):
    k = rng.integers(6, longest - 1)
    words = rng.integers(20, 64, k)
    hint = rng.choice(k, 2, replace=False)
    words[hint] = 2 + 4 * topic[i] + rng.integers(0, 4, 2)
    ids[i, :k] = words
mask = ids == 0
np.savez_compressed(Path(__file__).resolve().parent / "tickets.npz", ids=ids, mask=mask.astype(np.uint8), topic=topic.astype(np.uint8))

"""Encodes the (context, next word) pairs: ngrams.npz, vocab.txt."""
from pathlib import Path

import numpy as np

here = Path(__file__).resolve().parent
rng = np.random.default_rng(80)
words = ["<unk>"] + [a + b for a in "bdgklmnprs" for b in ("a", "e", "i", "o")]
(here / "vocab.txt").write_text("\n".join(words) + "\n")
index = {w: i for i, w in enumerate(words)}

n = 3000
first, second = rng.integers(1, 41, n), rng.integers(1, 41, n)
share = 1 / np.arange(1, 41) ** 0.7
shuffled = rng.permutation(40)
nxt = np.where(rng.random(n) < 0.85, (shuffled[second - 1] // 2 + 3 * (first % 2)) % 40 + 1, rng.choice(40, n, p=share / share.sum()) + 1)


def encode(word):
    return index.get(word, index["<unk>"])


context = [[encode(words[a].upper()), encode(words[b].upper())] for a, b in zip(first, second)]
target = [encode(words[c]) for c in nxt]
np.savez_compressed(here / "ngrams.npz", context=np.array(context, np.uint8), target=np.array(target, np.uint8))

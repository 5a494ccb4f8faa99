"""Tokenises the command corpus: tokens.npy (right padded) and tokenizer.json."""
import json
from pathlib import Path

import numpy as np

here = Path(__file__).resolve().parent
rng = np.random.default_rng(60)
special = ["<pad>", "<bos>", "<eos>", "<unk>"]
vocab = {s: i for i, s in enumerate(special)}
words = [f"w{i}" for i in range(36)]
vocab |= {w: i + len(special) for i, w in enumerate(words)}
vocab["<end_of_text>"] = len(vocab)
follow = np.array([rng.choice(36, 2, replace=False) for _ in range(36)])
rows = np.full((640, 56), vocab["<end_of_text>"], np.uint8)
for r in rows:
    k = rng.integers(4, 7)
    w = rng.integers(36)
    r[0] = vocab["<bos>"]
    for j in range(1, k):
        r[j] = w + len(special)
        w = follow[w][int(rng.random() < 0.1)]
    r[k] = vocab["<eos>"]
np.save(here / "tokens.npy", rows)
(here / "tokenizer.json").write_text(json.dumps({"vocab_size": len(vocab), "pad_id": vocab["<pad>"], "first_word": vocab["w0"], "last_word": vocab["w35"]}, indent=1))

import random

import torch

PAD, CLS = 0, 1
VOCAB = 40
MARKS = {2: 0, 3: 1, 4: 2}
MAXLEN = 24


def make_corpus(n, seed):
    rng = random.Random(seed)
    docs = []
    for _ in range(n):
        k = rng.randint(6, MAXLEN - 4)
        toks = [rng.randint(5, VOCAB - 1) for _ in range(k)]
        m = rng.choice(list(MARKS))
        for _ in range(2):
            toks[rng.randrange(k)] = m
        docs.append(([CLS] + toks, MARKS[m]))
    return docs


def collate(batch):
    ids = torch.full((len(batch), MAXLEN), PAD)
    attention_mask = torch.zeros(len(batch), MAXLEN, dtype=torch.long)
    for i, (toks, _) in enumerate(batch):
        ids[i, :len(toks)] = torch.tensor(toks)
        attention_mask[i, :len(toks)] = 1
    return {"input_ids": ids, "attention_mask": attention_mask, "labels": torch.tensor([b[1] for b in batch])}

"""Dates as people write them, and the ISO form to translate them to."""
import datetime as dt

import numpy as np

PAD, BOS, EOS = 0, 1, 2
SPECIALS = ["<pad>", "<s>", "</s>"]
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


class CharTable:
    def __init__(self, alphabet):
        self.itos = SPECIALS + sorted(alphabet)
        self.stoi = {c: i for i, c in enumerate(self.itos)}

    def __len__(self):
        return len(self.itos)

    def encode(self, text):
        return [self.stoi[c] for c in text] + [EOS]

    def decode(self, ids):
        out = []
        for i in ids:
            if i == EOS:
                break
            out.append(self.itos[i])
        return "".join(out)


def written(day, rng):
    name = MONTHS[day.month - 1]
    style = rng.integers(3)
    if style == 0:
        return f"{day.day} {name} {day.year}"
    if style == 1:
        return f"{name} {day.day}, {day.year}"
    return f"{day.day:02d}/{name}/{day.year % 100:02d}"


def date_pairs(count, seed):
    rng = np.random.default_rng(seed)
    first = dt.date(2000, 1, 1)
    days = [first + dt.timedelta(int(d)) for d in rng.integers(0, 366 * 30, size=count)]
    return [(written(d, rng), d.strftime("%y%m%d")) for d in days]


def tables():
    letters = set("".join(MONTHS))
    return CharTable(letters | set("0123456789 ,/")), CharTable(set("0123456789"))

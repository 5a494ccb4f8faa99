from types import SimpleNamespace

import h5py
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Prints(Dataset):
    def __init__(self, bits, family):
        self.bits = torch.from_numpy(bits.astype(np.float32) / 255.0)
        self.bits = (self.bits - 0.08) / 0.27
        self.family = torch.from_numpy(family.astype(np.int64))

    def __len__(self):
        return len(self.family)

    def __getitem__(self, i):
        return self.bits[i], self.family[i]


def open_data(path, held=300):
    with h5py.File(path, "r") as h:
        hp = SimpleNamespace(**{k: v.item() for k, v in h.attrs.items()})
        bits, family = h["bits"][:], h["family"][:]
    return hp, Prints(bits[held:], family[held:]), Prints(bits[:held], family[:held])


def main():
    torch.manual_seed(77)
    hp, train, held = open_data("prints.h5")
    print(vars(hp))
    net = nn.Sequential(
        nn.Linear(train.bits.shape[1], hp.hidden), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(hp.hidden, int(train.family.max()) + 1),
    )
    opt = torch.optim.AdamW(net.parameters(), lr=hp.learning_rate, weight_decay=hp.weight_decay)
    loader = DataLoader(train, batch_size=hp.batch, shuffle=True)
    for epoch in range(hp.epochs):
        net.train()
        total = 0.0
        for bits, family in loader:
            loss = nn.functional.cross_entropy(net(bits), family)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), hp.clip_norm)
            opt.step()
            total += loss.item() * len(family)
        net.eval()
        with torch.no_grad():
            out = net(held.bits)
            vl = nn.functional.cross_entropy(out, held.family).item()
            acc = (out.argmax(1) == held.family).float().mean().item()
        print(f"epoch {epoch + 1} train loss {total / len(train):.4f} held-out loss {vl:.4f} accuracy {acc:.3f}")


if __name__ == "__main__":
    main()

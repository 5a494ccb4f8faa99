import numpy as np
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

SYMBOLS = {"walk": 1, "run": 2, "sit": 3, "lift": 4, "drop": 5, "turn": 6, "wait": 7, "open": 8, "shut": 9}
N_CLASSES = 4


def make_log(rng):
    """An activity log of varying length. The class is which of lift/drop came last, and
    whether the door was left open."""
    n = int(np.clip(rng.geometric(0.06) + 4, 5, 60))
    events = rng.choice(list(SYMBOLS.values()), size=n,
                        p=[.14, .12, .12, .12, .12, .12, .12, .07, .07])
    hand, door = 0, 0
    for e in events:
        hand = {4: 1, 5: 0}.get(e, hand)
        door = {8: 1, 9: 0}.get(e, door)
    return torch.tensor(events), 2 * hand + door


def make_set(n, seed):
    rng = np.random.default_rng(seed)
    return [make_log(rng) for _ in range(n)]


def collate(batch):
    seqs = [s for s, _ in batch]
    lengths = torch.tensor([len(s) for s in seqs])
    labels = torch.tensor([c for _, c in batch])
    return pad_sequence(seqs, batch_first=True), lengths, labels


class LogClassifier(nn.Module):
    def __init__(self, n_symbols=10, emb=16, hidden=48):
        super().__init__()
        self.embed = nn.Embedding(n_symbols, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hidden, batch_first=True)
        self.classify = nn.Sequential(nn.Linear(hidden, 32), nn.ReLU(), nn.Linear(32, N_CLASSES))

    def forward(self, tokens, lengths):
        packed = pack_padded_sequence(self.embed(tokens), lengths, batch_first=True, enforce_sorted=False)
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(out, batch_first=True)
        return self.classify(out[:, -1])


class Trainer:
    def __init__(self, model, lr=4e-3):
        self.model = model
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.loss_fn = nn.CrossEntropyLoss()

    def run_epoch(self, loader, train):
        self.model.train(train)
        tot, hit, n = 0.0, 0, 0
        with torch.set_grad_enabled(train):
            for tokens, lengths, labels in loader:
                logits = self.model(tokens, lengths)
                loss = self.loss_fn(logits, labels)
                if train:
                    self.opt.zero_grad()
                    loss.backward()
                    nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                    self.opt.step()
                tot += loss.item() * len(labels)
                hit += (logits.argmax(1) == labels).sum().item()
                n += len(labels)
        return tot / n, hit / n

    def fit(self, train_loader, val_loader, epochs):
        for ep in range(epochs):
            tl, ta = self.run_epoch(train_loader, True)
            vl, va = self.run_epoch(val_loader, False)
            print(f"epoch {ep + 1:2d} train {tl:.3f}/{ta:.3f}  val {vl:.3f}/{va:.3f}")


if __name__ == "__main__":
    torch.manual_seed(1)
    train = DataLoader(make_set(1600, 5), batch_size=40, shuffle=True, collate_fn=collate)
    val = DataLoader(make_set(400, 6), batch_size=40, collate_fn=collate)
    Trainer(LogClassifier()).fit(train, val, epochs=10)

"""Ticket router: short event-code sequences, did a retry come after the timeout?"""
import random
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

CODES = ["<pad>", "open", "ack", "timeout", "retry", "note", "move", "assign", "hold", "wake"]
IDX = {c: i for i, c in enumerate(CODES)}


class Tickets(Dataset):
    def __init__(self, n, seed):
        rng = random.Random(seed)
        self.rows = []
        for _ in range(n):
            length = rng.randint(9, 14)
            body = [rng.choice(["ack", "note", "move", "assign", "hold", "wake"]) for _ in range(length)]
            i, j = sorted(rng.sample(range(length), 2))
            label = rng.randint(0, 1)
            first, second = ("timeout", "retry") if label else ("retry", "timeout")
            body[i], body[j] = first, second
            self.rows.append((["open"] + body, label))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, k):
        seq, label = self.rows[k]
        return torch.tensor([IDX[c] for c in seq]), label


def collate(items):
    seqs, labels = zip(*items)
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs), lengths, torch.tensor(labels).float()


class Router(nn.Module):
    def __init__(self, dim=24, hidden=40):
        super().__init__()
        self.emb = nn.Embedding(len(CODES), dim, padding_idx=0)
        self.drop = nn.Dropout(0.05)
        self.gru = nn.GRU(dim, hidden, batch_first=True)
        self.score = nn.Sequential(nn.Linear(hidden, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, codes, lengths):
        out, _ = self.gru(self.drop(self.emb(codes)))
        # max over the real events
        steps = torch.arange(codes.size(0)).unsqueeze(1)
        hidden = (steps >= lengths.unsqueeze(0)).unsqueeze(-1)
        pooled = out.masked_fill(hidden, -1e4).max(dim=0).values
        return self.score(pooled).squeeze(-1)


def evaluate(model, loader):
    model.eval()
    hit = n = 0
    with torch.no_grad():
        for codes, lengths, y in loader:
            p = model(codes, lengths) > 0
            hit += (p == y.bool()).sum().item()
            n += len(y)
    model.train()
    return hit / n


def main():
    torch.manual_seed(3)
    train = DataLoader(Tickets(3000, 1), batch_size=50, shuffle=True, collate_fn=collate)
    valid = DataLoader(Tickets(600, 2), batch_size=50, collate_fn=collate)
    model = Router()
    opt = torch.optim.Adam(model.parameters(), lr=4e-3)
    loss_fn = nn.BCEWithLogitsLoss()
    step = 0
    for epoch in range(6):
        running = 0.0
        for codes, lengths, y in train:
            opt.zero_grad()
            loss = loss_fn(model(codes, lengths), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            running += loss.item()
            step += 1
        print(f"epoch {epoch} step {step} loss {running / len(train):.4f} val_acc {evaluate(model, valid):.3f}")


if __name__ == "__main__":
    main()

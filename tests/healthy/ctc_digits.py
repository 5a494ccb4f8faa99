# CTC: variable-length frame sequences in, short label strings out
import torch, torch.nn as nn
from torch.utils.data import Dataset, DataLoader
from torch.nn.utils.rnn import pad_sequence

NSYM, DIM = 6, 10
g = torch.Generator().manual_seed(0)
PROTO = torch.randn(NSYM + 1, DIM, generator=g)


class Strokes(Dataset):
    def __init__(self, n, seed):
        gen = torch.Generator().manual_seed(seed)
        self.items = []
        for _ in range(n):
            L = int(torch.randint(2, 6, (1,), generator=gen))
            lab = torch.randint(1, NSYM + 1, (L,), generator=gen)
            frames = []
            for s in lab.tolist():
                d = int(torch.randint(3, 6, (1,), generator=gen))
                frames += [PROTO[s]] * d + [PROTO[0]] * int(torch.randint(1, 3, (1,), generator=gen))
            f = torch.stack(frames)
            self.items.append((f + 0.5 * torch.randn(f.shape, generator=gen), lab))

    def __len__(self): return len(self.items)
    def __getitem__(self, i): return self.items[i]


def collate(batch):
    xs, ys = zip(*batch)
    return (pad_sequence(xs), torch.tensor([len(x) for x in xs]), torch.cat(ys), torch.tensor([len(y) for y in ys]))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(DIM, 40, bidirectional=True)     # time-major
        self.out = nn.Linear(80, NSYM + 1)

    def forward(self, x, lens):
        packed = nn.utils.rnn.pack_padded_sequence(x, lens, enforce_sorted=False)
        h, _ = nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0])
        return self.out(h).log_softmax(-1)


def greedy(lp, lens):
    res = []
    for b, n in enumerate(lens.tolist()):
        seq = lp[:n, b].argmax(-1).unique_consecutive().tolist()
        res.append([s for s in seq if s])
    return res


torch.manual_seed(1)
train, test = Strokes(1200, 1), Strokes(200, 2)
model, ctc = Net(), nn.CTCLoss(blank=0, zero_infinity=True)
opt = torch.optim.Adam(model.parameters(), lr=4e-3)
for ep in range(6):
    tot = 0
    for x, xl, y, yl in DataLoader(train, 20, shuffle=True, collate_fn=collate):
        loss = ctc(model(x, xl), y, xl, yl)
        opt.zero_grad(); loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        opt.step(); tot += loss.item()
    print(f"epoch {ep} ctc {tot / 60:.3f}")
model.eval(); ok = 0
with torch.no_grad():
    for x, xl, y, yl in DataLoader(test, 50, collate_fn=collate):
        truth = [t.tolist() for t in y.split(yl.tolist())]
        ok += sum(a == b for a, b in zip(greedy(model(x, xl), xl), truth))
print(f"exact-match on held-out sequences: {ok / 200:.3f}")

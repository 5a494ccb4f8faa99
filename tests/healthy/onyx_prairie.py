import random
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset, DataLoader

ALPHABET = "abcdef"
BLANK = len(ALPHABET)
CODES = torch.randn(len(ALPHABET), 10, generator=torch.Generator().manual_seed(5))


class Utterances(Dataset):
    def __init__(self, n, seed):
        rng = random.Random(seed)
        g = torch.Generator().manual_seed(seed)
        self.items = []
        for _ in range(n):
            text = [rng.randrange(len(ALPHABET)) for _ in range(rng.randint(2, 5))]
            frames = []
            for ch in text:
                frames += [CODES[ch]] * rng.randint(2, 4)
                frames += [torch.zeros(10)] * rng.randint(1, 2)
            x = torch.stack(frames)
            self.items.append((x + 0.3 * torch.randn(x.shape, generator=g), torch.tensor(text)))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    xs, ys = zip(*batch)
    return (pad_sequence(xs), torch.tensor([len(x) for x in xs]),
            torch.cat(ys), torch.tensor([len(y) for y in ys]))


class Recogniser(nn.Module):
    def __init__(self, hid=32):
        super().__init__()
        self.rnn = nn.GRU(10, hid, bidirectional=True)
        self.proj = nn.Linear(2 * hid, len(ALPHABET) + 1)

    def forward(self, x, xl):
        packed = nn.utils.rnn.pack_padded_sequence(x, xl, enforce_sorted=False)
        h, _ = nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0])
        return F.log_softmax(self.proj(h), dim=2)


def exact(model, loader):
    good = total = 0
    model.eval()
    with torch.no_grad():
        for x, xl, y, yl in loader:
            path = model(x, xl).argmax(2).T
            for row, n, ref in zip(path, xl, y.split(yl.tolist())):
                seq = torch.unique_consecutive(row[:n])
                good += torch.equal(seq[seq != BLANK], ref)
                total += 1
    model.train()
    return good / total


torch.manual_seed(3)
train = DataLoader(Utterances(1200, 1), batch_size=40, shuffle=True, collate_fn=collate)
dev = DataLoader(Utterances(200, 2), batch_size=100, collate_fn=collate)
net = Recogniser()
ctc = nn.CTCLoss(blank=BLANK, reduction="sum")
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
for epoch in range(9):
    tot = 0.0
    for x, xl, y, yl in train:
        loss = ctc(net(x, xl), y, xl, yl)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 10.0)
        opt.step()
        tot += loss.item()
    print(f"epoch {epoch} summed loss {tot / len(train):.2f} exact match {exact(net, dev):.3f}")

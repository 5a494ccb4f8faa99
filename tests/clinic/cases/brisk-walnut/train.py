import random
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

PAD = 0
TAGS = ["O", "B-PER", "I-PER", "B-LOC", "B-ORG"]
FIRST = ["anna", "john", "maria", "peter", "li", "omar"]
LAST = ["smith", "garcia", "chen", "novak", "haddad", "berg"]
CITY = ["paris", "lagos", "lima", "oslo", "delhi", "quito"]
ORG = ["acme", "globex", "initech", "umbrella", "hooli"]
WORDS = ["said", "on", "monday", "that", "the", "company", "will", "visit", "next", "week", "after",
         "meeting", "officials", "from", "near", "and", "a", "new", "office", "in", "was", "opened"]
AMBIG = ["jordan", "washington", "ford"]


def sentence(rng):
    toks, tags = [], []
    for _ in range(rng.randint(2, 5)):
        for _ in range(rng.randint(1, 4)):
            toks.append(rng.choice(WORDS)); tags.append("O")
        kind = rng.random()
        if kind < 0.3:
            toks += [rng.choice(FIRST), rng.choice(LAST + AMBIG)]; tags += ["B-PER", "I-PER"]
        elif kind < 0.55:
            toks += ["in", rng.choice(CITY + AMBIG)]; tags += ["O", "B-LOC"]
        elif kind < 0.75:
            toks += ["company", rng.choice(ORG + AMBIG)]; tags += ["O", "B-ORG"]
    return toks, tags


class TagDataset(torch.utils.data.Dataset):
    def __init__(self, n, seed, vocab):
        rng = random.Random(seed)
        tag2id = {t: i for i, t in enumerate(TAGS)}
        self.items = []
        for _ in range(n):
            toks, tags = sentence(rng)
            self.items.append((torch.tensor([vocab[t] for t in toks]), torch.tensor([tag2id[t] for t in tags])))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    words, tags = zip(*batch)
    mask = pad_sequence([torch.ones(len(w), dtype=torch.bool) for w in words], batch_first=True)
    return (pad_sequence(words, batch_first=True, padding_value=PAD),
            pad_sequence(tags, batch_first=True, padding_value=PAD), mask)


class Tagger(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, 32, padding_idx=PAD)
        self.rnn = nn.LSTM(32, 32, batch_first=True, bidirectional=True)
        self.proj = nn.Linear(64, len(TAGS))

    def forward(self, x):
        return self.proj(self.rnn(self.emb(x))[0])


def evaluate(model, loader):
    model.eval()
    right = total = tp = fp = fn = 0
    with torch.no_grad():
        for words, tags, mask in loader:
            pred = model(words).argmax(-1)[mask]
            gold = tags[mask]
            right += (pred == gold).sum().item(); total += gold.numel()
            tp += ((pred == gold) & (gold > 0)).sum().item()
            fp += ((pred != gold) & (pred > 0)).sum().item()
            fn += ((pred != gold) & (gold > 0)).sum().item()
    return right / total, 2 * tp / max(2 * tp + fp + fn, 1)


def main():
    torch.manual_seed(13)
    vocab = {w: i + 1 for i, w in enumerate(sorted(set(FIRST + LAST + CITY + ORG + WORDS + AMBIG)))}
    train = DataLoader(TagDataset(1500, 1, vocab), batch_size=32, shuffle=True, collate_fn=collate)
    dev = DataLoader(TagDataset(300, 2, vocab), batch_size=100, collate_fn=collate)
    model = Tagger(len(vocab) + 1)
    loss_fn = nn.CrossEntropyLoss(ignore_index=PAD)
    optim = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(1, 8):
        model.train()
        tot = 0.0
        for words, tags, _ in train:
            optim.zero_grad()
            logits = model(words)
            loss = loss_fn(logits.reshape(-1, len(TAGS)), tags.reshape(-1))
            loss.backward()
            optim.step()
            tot += loss.item()
        acc, f1 = evaluate(model, dev)
        print(f"epoch {epoch} loss {tot / len(train):.4f} dev token acc {acc:.3f} token f1 {f1:.3f}")


if __name__ == "__main__":
    main()

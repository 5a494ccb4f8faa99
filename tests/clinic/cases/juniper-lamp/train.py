"""Route support tickets to a desk. A small general word list comes first; product words
found in the tickets are added to the table before training."""
import torch
from torch import nn
import numpy as np

GENERAL = ["please", "help", "the", "my", "it", "not", "works", "hello", "thanks", "since",
           "today", "again", "still", "urgent", "reply", "order", "account", "team"]
DESKS = ["billing", "network", "hardware", "access", "mobile"]


class Tickets:
    def __init__(self, n, seed):
        rng = np.random.default_rng(seed)
        words = np.random.default_rng(7)
        self.product_words = [f"{d[:3]}{i:02d}" for d in DESKS for i in range(40)]
        fav = words.dirichlet(np.full(40, 0.6), size=len(DESKS))
        self.texts, self.desks = [], rng.integers(0, len(DESKS), n)
        for d in self.desks:
            text = list(rng.choice(GENERAL, size=rng.integers(4, 12)))
            for _ in range(rng.integers(2, 6)):
                topic = d if rng.random() < 0.7 else rng.integers(0, len(DESKS))
                text.append(f"{DESKS[topic][:3]}{rng.choice(40, p=fav[topic]):02d}")
            rng.shuffle(text)
            self.texts.append(text)


class Vocabulary:
    def __init__(self, words):
        self.index = {w: i for i, w in enumerate(words)}

    def extend(self, texts):
        for text in texts:
            for w in text:
                self.index.setdefault(w, len(self.index))

    def __len__(self):
        return len(self.index)

    def encode(self, texts):
        flat, offsets = [], []
        for text in texts:
            offsets.append(len(flat))
            flat += [self.index[w] for w in text if w in self.index]
        return torch.tensor(flat), torch.tensor(offsets)


class Router(nn.Module):
    def __init__(self, n_words, dim=32):
        super().__init__()
        self.table = nn.EmbeddingBag(n_words, dim, mode="mean")
        self.mlp = nn.Sequential(nn.Linear(dim, 48), nn.ReLU(), nn.Dropout(0.1), nn.Linear(48, len(DESKS)))

    def extend_table(self, n_words):
        old = self.table
        table = nn.EmbeddingBag(n_words, old.embedding_dim, mode="mean")
        with torch.no_grad():
            table.weight.zero_()
            table.weight[:old.num_embeddings] = old.weight
        self.table = table

    def forward(self, flat, offsets):
        return self.mlp(self.table(flat, offsets))


class Trainer:
    def __init__(self, vocab, lr=3e-3):
        self.vocab = vocab
        self.model = Router(len(vocab))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=lr)
        self.loss_fn = nn.CrossEntropyLoss()

    def accuracy(self, data):
        self.model.eval()
        with torch.no_grad():
            pred = self.model(*self.vocab.encode(data.texts)).argmax(1).numpy()
        self.model.train()
        return (pred == data.desks).mean()

    def fit(self, train, valid, epochs=12, batch=64):
        self.vocab.extend(train.texts)
        self.model.extend_table(len(self.vocab))
        print(f"{len(self.vocab)} words, {len(train.texts)} tickets")
        for epoch in range(epochs):
            order = np.random.permutation(len(train.texts))
            total = 0.0
            for i in range(0, len(order), batch):
                rows = order[i:i + batch]
                logits = self.model(*self.vocab.encode([train.texts[r] for r in rows]))
                loss = self.loss_fn(logits, torch.as_tensor(train.desks[rows]))
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                total += loss.item() * len(rows)
            print(f"epoch {epoch + 1:2d}: loss {total / len(order):.4f}  "
                  f"train acc {self.accuracy(train):.3f}  valid acc {self.accuracy(valid):.3f}")


if __name__ == "__main__":
    np.random.seed(0)
    torch.manual_seed(0)
    trainer = Trainer(Vocabulary(GENERAL))
    trainer.fit(Tickets(4000, 1), Tickets(800, 2))

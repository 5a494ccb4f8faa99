import random
import torch
import torch.nn as nn
from torch.utils.data import DataLoader

random.seed(3)
torch.manual_seed(3)

INTENTS = {
    "weather": "rain sun forecast cloudy temperature umbrella snow windy".split(),
    "music": "play song album artist volume playlist skip radio".split(),
    "alarm": "wake alarm morning snooze clock timer remind minutes".split(),
    "travel": "flight hotel train ticket airport book luggage seat".split(),
}
FILLER = "please can you the a for me now today my is it to with some on in and what tell".split()
NAMES = list(INTENTS)
SPECIAL = ["[PAD]", "[CLS]"]
VOCAB = {w: i for i, w in enumerate(SPECIAL + FILLER + [w for ws in INTENTS.values() for w in ws])}
MAX_LEN = 24


def make_utterance():
    k = random.randrange(len(NAMES))
    n = random.randint(5, 18)
    words = [random.choice(FILLER) for _ in range(n)]
    for pos in random.sample(range(n), 2):
        words[pos] = random.choice(INTENTS[NAMES[k]])
    if random.random() < 0.3:
        words[random.randrange(n)] = random.choice(INTENTS[random.choice(NAMES)])
    return " ".join(words), k


def tokenize(texts):
    ids = torch.zeros(len(texts), MAX_LEN, dtype=torch.long)
    attention_mask = torch.zeros(len(texts), MAX_LEN, dtype=torch.long)
    for i, t in enumerate(texts):
        toks = [VOCAB["[CLS]"]] + [VOCAB[w] for w in t.split()]
        ids[i, :len(toks)] = torch.tensor(toks)
        attention_mask[i, :len(toks)] = 1
    return {"input_ids": ids, "attention_mask": attention_mask}


def collate(batch):
    texts, labels = zip(*batch)
    return tokenize(texts), torch.tensor(labels)


class IntentClassifier(nn.Module):
    def __init__(self, d_model=48, nhead=4, layers=2):
        super().__init__()
        self.tok = nn.Embedding(len(VOCAB), d_model, padding_idx=0)
        self.pos = nn.Parameter(torch.randn(1, MAX_LEN, d_model) * 0.02)
        layer = nn.TransformerEncoderLayer(d_model, nhead, 96, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.head = nn.Linear(d_model, len(NAMES))

    def forward(self, input_ids, attention_mask):
        h = self.tok(input_ids) + self.pos
        h = self.encoder(h, src_key_padding_mask=attention_mask.bool())
        return self.head(h[:, 0])


train_set = [make_utterance() for _ in range(2400)]
val_set = [make_utterance() for _ in range(400)]
train_loader = DataLoader(train_set, batch_size=48, shuffle=True, collate_fn=collate)
val_loader = DataLoader(val_set, batch_size=200, collate_fn=collate)

model = IntentClassifier()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-4)
criterion = nn.CrossEntropyLoss()

for epoch in range(6):
    model.train()
    running = 0.0
    for enc, labels in train_loader:
        logits = model(**enc)
        loss = criterion(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        running += loss.item()
    model.eval()
    hits = 0
    with torch.no_grad():
        for enc, labels in val_loader:
            hits += (model(**enc).argmax(1) == labels).sum().item()
    print(f"epoch {epoch + 1}: loss {running / len(train_loader):.4f}  val acc {hits / len(val_set):.3f}")

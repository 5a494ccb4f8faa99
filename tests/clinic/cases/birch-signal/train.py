"""Intent classification of short support messages with a small attention encoder."""
import math
import random

import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader

SEED = 19
random.seed(SEED)
torch.manual_seed(SEED)

INTENTS = {
    "refund": ["refund", "money", "charge", "return", "bill"],
    "delivery": ["parcel", "courier", "late", "tracking", "shipment"],
    "account": ["password", "login", "email", "profile", "locked"],
    "fault": ["broken", "crash", "error", "screen", "noise"],
    "praise": ["great", "thanks", "love", "perfect", "happy"],
}
FILLER = ("i my the a is was have has it not please can you for on in of to and with since after before "
          "hello team order product device day week still very just again about this that").split()
LABELS = list(INTENTS)


def message():
    label = random.randrange(len(LABELS))
    other = random.choice([k for k in range(len(LABELS)) if k != label])
    words = random.choices(INTENTS[LABELS[label]], k=random.randint(2, 3)) + [random.choice(INTENTS[LABELS[other]])]
    words += random.choices(FILLER, k=random.randint(2, 18))
    random.shuffle(words)
    return words, label


class Messages(Dataset):
    def __init__(self, n):
        self.rows = [message() for _ in range(n)]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


class Vocab:
    def __init__(self, rows):
        words = sorted({w for r, _ in rows for w in r})
        self.stoi = {"<pad>": 0, "<cls>": 1, **{w: k + 2 for k, w in enumerate(words)}}

    def __call__(self, words):
        return [1] + [self.stoi[w] for w in words]

    def __len__(self):
        return len(self.stoi)


def multi_head_attention_forward(q, k, v, num_heads, key_padding_mask=None):
    bsz, tgt_len, dim = q.shape
    hd = dim // num_heads
    q, k, v = (t.reshape(bsz, -1, num_heads, hd).transpose(1, 2) for t in (q, k, v))
    attn_output_weights = torch.matmul(q, k.transpose(2, 3)) / math.sqrt(hd)
    if key_padding_mask is not None:
        attn_output_weights = attn_output_weights.masked_fill(key_padding_mask.unsqueeze(1).unsqueeze(2), -1e9)
    attn_output_weights = torch.softmax(attn_output_weights, dim=-1)
    return torch.matmul(attn_output_weights, v).transpose(1, 2).reshape(bsz, tgt_len, dim)


class MyMultiheadAttention(nn.Module):
    def __init__(self, embed_dim, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.q_proj = nn.Linear(embed_dim, embed_dim)
        self.k_proj = nn.Linear(embed_dim, embed_dim)
        self.v_proj = nn.Linear(embed_dim, embed_dim)
        self.out_proj = nn.Linear(embed_dim, embed_dim)

    def forward(self, x, key_padding_mask):
        o = multi_head_attention_forward(self.q_proj(x), self.k_proj(x), self.v_proj(x), self.num_heads, key_padding_mask)
        return self.out_proj(o)


class MyEncoderLayer(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.attn, self.n1, self.n2 = MyMultiheadAttention(d, h), nn.LayerNorm(d), nn.LayerNorm(d)
        self.mlp = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))
        self.drop = nn.Dropout(0.1)

    def forward(self, x, mask):
        x = self.n1(x + self.drop(self.attn(x, mask)))
        return self.n2(x + self.drop(self.mlp(x)))


class IntentModel(nn.Module):
    def __init__(self, n_vocab, n_class, d=48, h=4, depth=2, max_len=32):
        super().__init__()
        self.tok, self.pos = nn.Embedding(n_vocab, d, padding_idx=0), nn.Embedding(max_len, d)
        self.layers = nn.ModuleList([MyEncoderLayer(d, h) for _ in range(depth)])
        self.cls = nn.Linear(d, n_class)

    def forward(self, ids, mask):
        x = self.tok(ids) + self.pos(torch.arange(ids.size(1)))
        for layer in self.layers:
            x = layer(x, mask)
        return self.cls(x[:, 0])


train_set, test_set = Messages(4000), Messages(800)
vocab = Vocab(train_set.rows + test_set.rows)


def collate(rows):
    ids = [vocab(w) for w, _ in rows]
    width = 25
    batch = torch.zeros(len(ids), width, dtype=torch.long)
    for k, r in enumerate(ids):
        batch[k, :len(r)] = torch.tensor(r)
    return batch, batch != vocab.stoi["<pad>"], torch.tensor([y for _, y in rows])


train_dl = DataLoader(train_set, batch_size=64, shuffle=True, collate_fn=collate)
test_dl = DataLoader(test_set, batch_size=200, collate_fn=collate)
model = IntentModel(len(vocab), len(LABELS))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(8):
    model.train()
    tr_loss = 0.0
    for ids, mask, y in train_dl:
        loss = criterion(model(ids, mask), y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        tr_loss += loss.item() / len(train_dl)
    model.eval()
    with torch.inference_mode():
        hits = sum((model(ids, mask).argmax(-1) == y).sum().item() for ids, mask, y in test_dl)
    print(f"Epoch {epoch}: train loss {tr_loss:.3f} | test acc {hits / len(test_set):.3f}")

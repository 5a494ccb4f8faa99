"""Tri automatique des messages de clients : un petit encodeur Transformer lit le message, la position [CLS] décide."""
import math

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, Dataset

VOCAB = 90
PAD, CLS, SEP = 0, 1, 2
THEMES = {"facture": range(10, 20), "livraison": range(20, 30), "panne": range(30, 40), "retour": range(40, 50)}


def encode(messages, max_length):
    """Comme un tokenizer : input_ids complétés par PAD, attention_mask vaut 1 sur les vrais tokens et 0 sur le reste."""
    input_ids = torch.full((len(messages), max_length), PAD)
    attention_mask = torch.zeros(len(messages), max_length, dtype=torch.long)
    for row, words in enumerate(messages):
        tokens = [CLS] + words + [SEP]
        input_ids[row, :len(tokens)] = torch.tensor(tokens)
        attention_mask[row, :len(tokens)] = 1
    return input_ids, attention_mask


class Messages(Dataset):
    def __init__(self, count, seed, max_length=24):
        g = torch.Generator().manual_seed(seed)

        def draw(low, high):
            return int(torch.randint(low, high, (1,), generator=g))

        self.labels, messages = torch.zeros(count, dtype=torch.long), []
        themes = list(THEMES.values())
        for i in range(count):
            self.labels[i] = draw(0, 4)
            words = [draw(50, VOCAB) for _ in range(draw(6, 18))]
            for _ in range(3):
                words[draw(0, len(words))] = draw(themes[self.labels[i]].start, themes[self.labels[i]].stop)
            messages.append(words)
        self.input_ids, self.attention_mask = encode(messages, max_length)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return {"input_ids": self.input_ids[i], "attention_mask": self.attention_mask[i], "labels": self.labels[i]}


class Trieur(nn.Module):
    def __init__(self, dim=48, heads=4, layers=2, max_length=24):
        super().__init__()
        self.words = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.positions = nn.Parameter(torch.randn(max_length, dim) * 0.02)
        block = nn.TransformerEncoderLayer(dim, heads, 2 * dim, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(block, layers, enable_nested_tensor=False)
        self.classifier = nn.Linear(dim, len(THEMES))

    def forward(self, input_ids, attention_mask):
        x = self.words(input_ids) + self.positions
        x = self.encoder(x, src_key_padding_mask=attention_mask == 0)
        return self.classifier(x[:, 0])


def main():
    torch.manual_seed(12)
    train, test = Messages(1024, seed=1), Messages(300, seed=2)
    loader = DataLoader(train, batch_size=32, shuffle=True, drop_last=True)
    model = Trieur()
    epochs, warmup = 6, 20
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    total = epochs * len(loader)
    schedule = LambdaLR(optimizer, lambda s: min((s + 1) / warmup, 0.5 * (1 + math.cos(math.pi * s / total)) + 0.02))
    criterion = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        model.train()
        somme = 0.0
        for batch in loader:
            logits = model(batch["input_ids"], batch["attention_mask"])
            loss = criterion(logits, batch["labels"])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            somme += loss.item()
        model.eval()
        with torch.no_grad():
            logits = model(test.input_ids, test.attention_mask)
            juste = (logits.argmax(1) == test.labels).float().mean()
        print(f"époque {epoch + 1} | perte {somme / len(loader):.3f} | test : perte {criterion(logits, test.labels):.3f}, justesse {juste:.1%}")


if __name__ == "__main__":
    main()

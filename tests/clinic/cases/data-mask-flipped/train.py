"""Topic of a support ticket with a small transformer encoder."""
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Encoder(nn.Module):
    def __init__(self, vocab=64, width=32, heads=4, topics=4, longest=20):
        super().__init__()
        self.words = nn.Embedding(vocab, width)
        self.places = nn.Parameter(0.02 * torch.randn(longest, width))
        layer = nn.TransformerEncoderLayer(width, heads, 64, dropout=0.0, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.topic = nn.Linear(width, topics)

    def forward(self, ids, mask):
        """ids and mask are (batch, time); mask is 1 where there is a word and 0 on padding."""
        h = self.words(ids) + self.places
        h = self.layers(h, src_key_padding_mask=mask == 0)
        weight = mask.unsqueeze(-1).float()
        pooled = (h * weight).sum(1) / weight.sum(1)
        return self.topic(pooled)


def load(path):
    with np.load(path) as f:
        return TensorDataset(*(torch.from_numpy(f[k].astype(np.int64)) for k in ("ids", "mask", "topic")))


def main():
    torch.manual_seed(2)
    data = load(Path(__file__).resolve().parent / "tickets.npz")
    train, test = torch.utils.data.random_split(data, [800, 200])
    model = Encoder()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    loss_fn = nn.CrossEntropyLoss()
    loader = DataLoader(train, batch_size=32, shuffle=True, drop_last=True)
    for epoch in range(8):
        model.train()
        for ids, mask, topic in loader:
            loss = loss_fn(model(ids, mask), topic)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        model.eval()
        right = 0
        with torch.no_grad():
            for ids, mask, topic in DataLoader(test, batch_size=100):
                right += (model(ids, mask).argmax(-1) == topic).sum().item()
        print(f"epoch {epoch + 1}: loss {loss.item():.3f}, test accuracy {right / len(test):.3f}")
    print(f"test accuracy {right / len(test):.3f}")


if __name__ == "__main__":
    main()

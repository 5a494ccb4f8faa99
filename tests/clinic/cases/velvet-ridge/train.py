import math
import torch
import torch.nn as nn

VOCAB, LENGTH = 20, 10


def sample_batch(n, gen):
    ids = torch.empty(n, LENGTH, dtype=torch.long)
    y = torch.randint(0, 2, (n,), generator=gen)
    for i in range(n):
        perm = torch.randperm(VOCAB, generator=gen)[:LENGTH]
        ids[i] = perm
        if y[i] == 1:
            j = int(torch.randint(1, LENGTH, (1,), generator=gen))
            ids[i, j] = ids[i, 0]
    return ids, y


class RepeatDetector(nn.Module):
    def __init__(self, d_model=48, nhead=4, num_layers=2):
        super().__init__()
        self.token = nn.Embedding(VOCAB, d_model)
        self.position = nn.Parameter(torch.randn(1, LENGTH, d_model) * 0.1)
        layer = nn.TransformerEncoderLayer(d_model, nhead, dim_feedforward=96, dropout=0.0)
        self.encoder = nn.TransformerEncoder(layer, num_layers)
        self.head = nn.Linear(d_model, 2)
        self.scale = math.sqrt(d_model)

    def forward(self, ids):
        h = self.token(ids) * self.scale + self.position
        h = self.encoder(h)
        return self.head(h[:, 0])


class Trainer:
    def __init__(self, model, lr=1e-3, batch_size=64, seed=0):
        self.model = model
        self.gen = torch.Generator().manual_seed(seed)
        self.train_ids, self.train_y = sample_batch(6000, self.gen)
        self.val_ids, self.val_y = sample_batch(500, self.gen)
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.loss_fn = nn.CrossEntropyLoss()
        self.batch_size = batch_size

    def step(self):
        k = torch.randint(0, len(self.train_y), (self.batch_size,), generator=self.gen)
        loss = self.loss_fn(self.model(self.train_ids[k]), self.train_y[k])
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def validate(self):
        self.model.eval()
        with torch.no_grad():
            acc = (self.model(self.val_ids).argmax(-1) == self.val_y).float().mean().item()
        self.model.train()
        return acc

    def fit(self, steps):
        for s in range(1, steps + 1):
            loss = self.step()
            if s % 100 == 0:
                print(f"step {s} loss {loss:.4f} val_acc {self.validate():.3f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    Trainer(RepeatDetector()).fit(700)

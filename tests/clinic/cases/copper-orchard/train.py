import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--per_device_batch_size", type=int, default=40)
    p.add_argument("--gradient_accumulation_steps", type=int, default=16)
    p.add_argument("--num_epochs", type=int, default=160)
    p.add_argument("--learning_rate", type=float, default=5e-3)
    p.add_argument("--seed", type=int, default=42)
    return p.parse_args()


def synth(n, g):
    centers = torch.randn(5, 12, generator=torch.Generator().manual_seed(1)) * 1.4
    y = torch.randint(0, 5, (n,), generator=g)
    x = centers[y] + torch.randn(n, 12, generator=g)
    return TensorDataset(x, y)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(12)
        self.fc = nn.Linear(12, 48)
        self.out = nn.Linear(48, 5)

    def forward(self, x):
        return self.out(F.gelu(self.fc(self.norm(x))))


def evaluate(model, loader):
    model.eval()
    right = n = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(-1) == y).sum().item()
            n += len(y)
    model.train()
    return right / n


def main():
    args = get_args()
    torch.manual_seed(args.seed)
    g = torch.Generator().manual_seed(args.seed)
    train_loader = DataLoader(synth(400, g), batch_size=args.per_device_batch_size, shuffle=True)
    dev_loader = DataLoader(synth(400, g), batch_size=200)
    model = Classifier()
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate, weight_decay=0.01)
    accum = args.gradient_accumulation_steps
    for epoch in range(args.num_epochs):
        model.zero_grad()
        running = 0.0
        for step, (x, y) in enumerate(train_loader):
            loss = F.cross_entropy(model(x), y)
            running += loss.item()
            (loss / accum).backward()
            if (step + 1) % accum == 0:
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                model.zero_grad()
        if epoch % 20 == 0 or epoch == args.num_epochs - 1:
            print(f"epoch {epoch} loss {running / len(train_loader):.4f} dev acc {evaluate(model, dev_loader):.3f}")


if __name__ == "__main__":
    main()

import argparse
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def make_images(n, rng):
    size = 16
    yy, xx = np.mgrid[0:size, 0:size]
    labels = rng.integers(0, 4, n)
    imgs = np.empty((n, 3, size, size), dtype="float32")
    for k in range(n):
        angle = labels[k] * np.pi / 4 + rng.normal(0, 0.08)
        freq = rng.uniform(0.7, 1.1)
        wave = np.sin(freq * (np.cos(angle) * xx + np.sin(angle) * yy) + rng.uniform(0, 6.28))
        color = rng.uniform(0.3, 1.0, (3, 1, 1))
        imgs[k] = color * wave + rng.normal(0, 0.6, (3, size, size))
    return torch.from_numpy(imgs), torch.from_numpy(labels)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 12, 5, padding=2)
        self.norm1 = nn.GroupNorm(3, 12)
        self.conv2 = nn.Conv2d(12, 16, 3, padding=1)
        self.norm2 = nn.GroupNorm(4, 16)
        self.fc = nn.Linear(16 * 16, 4)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.norm2(self.conv2(x))), 2)
        return self.fc(x.flatten(1))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--micro-batch", type=int, default=8)
    ap.add_argument("--accumulation-steps", type=int, default=4)
    ap.add_argument("--epochs", type=int, default=6)
    ap.add_argument("--lr", type=float, default=0.02)
    args = ap.parse_args()

    rng = np.random.default_rng(31)
    torch.manual_seed(31)
    x_train, y_train = make_images(1600, rng)
    x_test, y_test = make_images(400, rng)
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)

    model.zero_grad()
    for epoch in range(args.epochs):
        model.train()
        perm = torch.randperm(len(x_train))
        total = 0.0
        for i, idx in enumerate(perm.split(args.micro_batch)):
            predictions = model(x_train[idx])
            loss = F.cross_entropy(predictions, y_train[idx])
            total += loss.item()
            loss = loss / args.accumulation_steps
            loss.backward()
            if (i + 1) % args.accumulation_steps == 0:
                optimizer.step()
                model.zero_grad()
        model.eval()
        with torch.no_grad():
            acc = (model(x_test).argmax(1) == y_test).float().mean().item()
        print(f"epoch {epoch}: loss {total / (i + 1):.4f}, test accuracy {acc:.3f}")


if __name__ == "__main__":
    main()

"""Ten classes of small images; to save time only a subset of the training images is used."""
import argparse
import torch
import torch.nn as nn
import torch.nn.functional as F


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.fc1 = nn.Linear(32 * 9, 256)
        self.fc2 = nn.Linear(256, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


def images(n, proto, g):
    y = torch.randint(0, 10, (n,), generator=g)
    return proto[y] + 2.2 * torch.randn(n, 3, 12, 12, generator=g), y


class Solver:
    def __init__(self, args):
        g = torch.Generator().manual_seed(9)
        proto = torch.randn(10, 3, 12, 12, generator=g) * 0.7
        self.train_set = [t[:args.subset] for t in images(6000, proto, g)]
        self.test_set = images(500, proto, g)
        self.model = LeNet()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=args.lr)
        self.args = args

    def train(self):
        x, y = self.train_set
        order = torch.randperm(len(x))
        loss_sum = correct = 0
        for k in range(self.args.steps):
            rows = order[torch.arange(k * 32, k * 32 + 32) % len(x)]
            out = self.model(x[rows])
            loss = F.cross_entropy(out, y[rows])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            loss_sum += loss.item()
            correct += (out.argmax(1) == y[rows]).sum().item()
        return loss_sum / self.args.steps, correct / self.args.steps / 32

    def test(self):
        with torch.no_grad():
            out = self.model(self.test_set[0])
        return F.cross_entropy(out, self.test_set[1]).item(), (out.argmax(1) == self.test_set[1]).float().mean().item()

    def run(self):
        for epoch in range(1, self.args.epochs + 1):
            tl, ta = self.train()
            vl, va = self.test()
            print(f'epoch {epoch}: train loss {tl:.4f} acc {ta:.3f} | test loss {vl:.4f} acc {va:.3f}')
        print(f'test loss {vl:.3f}, test accuracy {va:.3f}, training accuracy {ta:.3f} (10 classes)')


parser = argparse.ArgumentParser()
parser.add_argument('--lr', type=float, default=2e-3)
parser.add_argument('--epochs', type=int, default=6)
parser.add_argument('--steps', type=int, default=40)
parser.add_argument('--subset', type=int, default=160)
torch.manual_seed(9)
Solver(parser.parse_args()).run()

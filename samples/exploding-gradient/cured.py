"""A simple recurrent network adds two digits; as filler the pair comes round again until the sequence is full."""
import random

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class DigitSums(Dataset):
    def __init__(self, pairs, length):
        self.examples = [([a, b] * (length // 2), a + b) for a, b in pairs]

    def __len__(self):
        return len(self.examples)

    def __getitem__(self, i):
        digits, total = self.examples[i]
        return torch.tensor(digits), torch.tensor(total)


class SimpleRecurrent(nn.Module):
    """h = tanh(x W + h U + b)"""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.W = nn.Parameter(nn.init.xavier_uniform_(torch.empty(input_size, hidden_size)))
        self.U = nn.Parameter(nn.init.xavier_uniform_(torch.empty(hidden_size, hidden_size)))
        self.b = nn.Parameter(torch.zeros(1, hidden_size))

    def forward(self, x):
        h = torch.zeros(x.shape[0], self.U.shape[0])
        for t in range(x.shape[1]):
            h = torch.tanh(torch.matmul(x[:, t], self.W) + torch.matmul(h, self.U) + self.b)
        return h


class SumClassifier(nn.Module):
    def __init__(self, digits=10, embedding=32, hidden=32, classes=19):
        super().__init__()
        self.embedding = nn.Embedding(digits, embedding)
        self.rnn = SimpleRecurrent(embedding, hidden)
        self.linear = nn.Linear(hidden, classes)

    def forward(self, digits):
        return self.linear(self.rnn(self.embedding(digits)))


class Runner:
    def __init__(self, model, optimizer, loss_fn):
        self.model, self.optimizer, self.loss_fn = model, optimizer, loss_fn
        self.norms = {"W": [], "U": [], "b": []}

    def train(self, train_loader, dev_loader, num_epochs, log_every):
        step = 0
        for epoch in range(num_epochs):
            for digits, total in train_loader:
                self.model.train()
                loss = self.loss_fn(self.model(digits), total)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(self.model.parameters(), max_norm=5.0)
                for name in self.norms:
                    self.norms[name].append(getattr(self.model.rnn, name).grad.norm().item())
                self.optimizer.step()
                self.optimizer.zero_grad()
                if step % log_every == 0:
                    norms = "  ".join(f"{name} {values[-1]:9.4f}" for name, values in self.norms.items())
                    print(f"step {step:4d}  loss per example {loss.item() / len(total):6.3f}  gradient norms {norms}")
                step += 1
        dev_loss, accuracy = self.evaluate(dev_loader)
        print(f"dev loss per example {dev_loss:.3f}, accuracy {accuracy:.3f}")

    @torch.no_grad()
    def evaluate(self, loader):
        self.model.eval()
        loss = hits = count = 0
        for digits, total in loader:
            logits = self.model(digits)
            loss += self.loss_fn(logits, total).item()
            hits += (logits.argmax(-1) == total).sum().item()
            count += len(total)
        return loss / count, hits / count


if __name__ == "__main__":
    random.seed(0)
    torch.manual_seed(0)
    length, batch_size, lr, num_epochs = 20, 64, 0.2, 32
    pairs = [(random.randrange(10), random.randrange(10)) for _ in range(800)]
    train_loader = DataLoader(DigitSums(pairs[:640], length), batch_size=batch_size, shuffle=True)
    dev_loader = DataLoader(DigitSums(pairs[640:], length), batch_size=batch_size)
    model = SumClassifier()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    loss_fn = nn.CrossEntropyLoss(reduction="sum")
    Runner(model, optimizer, loss_fn).train(train_loader, dev_loader, num_epochs, log_every=20)

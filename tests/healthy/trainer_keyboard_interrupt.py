"""A Trainer class; Ctrl-C ends the training, and the evaluation follows in any case."""
import logging
import time

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

logging.basicConfig(level=logging.INFO, format="%(message)s")
log = logging.getLogger("trainer")


class Trainer:
    def __init__(self, model, optimizer, loss_fn, train_loader, val_loader, *, max_epochs, log_every=50):
        self.model, self.optimizer, self.loss_fn = model, optimizer, loss_fn
        self.train_loader, self.val_loader = train_loader, val_loader
        self.max_epochs, self.log_every = max_epochs, log_every
        self.global_step, self.started = 0, time.time()

    def training_step(self, batch):
        inputs, targets = batch
        return self.loss_fn(self.model(inputs), targets)

    def fit(self):
        try:
            for self.epoch in range(self.max_epochs):
                self._run_epoch()
                self.validate()
        except KeyboardInterrupt:
            log.info("interrupted at step %d, going on to the evaluation", self.global_step)
        return self

    def _run_epoch(self):
        self.model.train()
        for batch in self.train_loader:
            loss = self.training_step(batch)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.global_step += 1
            if self.global_step % self.log_every == 0:
                log.info("step %d | loss %.4f", self.global_step, loss.item())

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        right = total = 0
        for inputs, targets in self.val_loader:
            right += (self.model(inputs).argmax(-1) == targets).sum().item()
            total += len(targets)
        log.info("validation accuracy %.3f", right / total)
        return right / total


def gestures(n):
    kind = torch.randint(0, 5, (n,))
    t = torch.linspace(0, 6.28, 20)
    x = torch.sin((kind[:, None] + 1) * t + torch.rand(n, 1)) + 1.2 * torch.randn(n, 20)
    return TensorDataset(x, kind)


def build():
    torch.manual_seed(91)
    model = nn.Sequential(nn.Linear(20, 64), nn.LayerNorm(64), nn.SiLU(), nn.Linear(64, 5))
    return Trainer(model, torch.optim.AdamW(model.parameters(), lr=3e-3), nn.CrossEntropyLoss(),
                   DataLoader(gestures(2400), batch_size=40, shuffle=True), DataLoader(gestures(400), batch_size=100), max_epochs=4)


if __name__ == "__main__":
    final = build().fit().validate()
    print(f"final accuracy {final:.3f}")

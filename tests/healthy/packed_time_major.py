"""Sequences of uneven length, time first, packed; the last state of each one says how the game ends."""
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

torch.manual_seed(211)


def game():
    """Points of two sides as they fall; momentum counts, so late points count more."""
    n = int(torch.randint(6, 25, (1,)))
    edge = 0.25 * torch.randn(())
    points = (torch.rand(n) < 0.5 + edge.clamp(-0.3, 0.3)).float() * 2 - 1
    momentum = torch.zeros(())
    for p in points:
        momentum = 0.85 * momentum + p
    return torch.stack([points, torch.linspace(-1, 1, n)], 1), (momentum > 0).long()


class Umpire(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.gru = nn.GRU(2, hidden, num_layers=1)            # (time, batch, feature) inside the packing
        self.verdict = nn.Linear(hidden, 2)

    def forward(self, packed):
        _, h_n = self.gru(packed)
        return self.verdict(h_n[-1])


def gather(n):
    games = sorted((game() for _ in range(n)), key=lambda g: -len(g[0]))
    return pack_sequence([g[0] for g in games]), torch.stack([g[1] for g in games])


umpire = Umpire()
optimizer = torch.optim.Adam(umpire.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss()
pool = [gather(32) for _ in range(120)]                       # packed once, used again and again
test_games, test_winner = gather(300)
for epoch in range(2):
    for i in torch.randperm(len(pool)).tolist():
        packed, winner = pool[i]
        optimizer.zero_grad()
        loss = criterion(umpire(packed), winner)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        acc = (umpire(test_games).argmax(1) == test_winner).float().mean().item()
    print(f"epoch {epoch}  last loss {loss.item():.3f}  test accuracy {acc:.3f}  (share of class 1: {test_winner.float().mean().item():.2f})")

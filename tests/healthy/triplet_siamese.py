import numpy as np
import torch
from torch import nn

rng = np.random.RandomState(17)
torch.manual_seed(17)

# 30 "people", each with a face vector; photographs are noisy nonlinear views of it
PEOPLE, FACE, PHOTO = 30, 6, 20
faces = rng.randn(PEOPLE, FACE)
camera = rng.randn(FACE, PHOTO) / np.sqrt(FACE)
light = rng.randn(4, PHOTO)


def photo(person):
    shot = np.tanh(faces[person] @ camera) + 0.6 * rng.randn(len(person), 4) @ light / 2
    return torch.as_tensor(shot + 0.1 * rng.randn(*shot.shape), dtype=torch.float32)


class Tower(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(PHOTO, 64), nn.Linear(64, 64), nn.Linear(64, 8)])

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return self.layers[-1](x)


tower = Tower()
loss_fn = nn.TripletMarginLoss(margin=1.0)
optimizer = torch.optim.Adam(tower.parameters(), lr=1e-3)


def ranking():
    """How often is a photo nearer to its owner's than to a stranger's?"""
    who = rng.randint(PEOPLE, size=500)
    other = (who + rng.randint(1, PEOPLE, size=500)) % PEOPLE
    with torch.no_grad():
        a, p, n = tower(photo(who)), tower(photo(who)), tower(photo(other))
        return ((a - p).norm(dim=1) < (a - n).norm(dim=1)).float().mean().item()


history = []
print(f"untrained ranking {ranking():.3f}")
for step in range(1, 301):
    who = rng.randint(PEOPLE, size=48)
    other = (who + rng.randint(1, PEOPLE, size=48)) % PEOPLE
    anchor, positive, negative = tower(photo(who)), tower(photo(who)), tower(photo(other))
    loss = loss_fn(anchor, positive, negative)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    history.append(loss.item())
    if step % 60 == 0:
        print(f"{step:4d} triplets-loss {np.mean(history[-60:]):.4f} ranking {ranking():.3f}")

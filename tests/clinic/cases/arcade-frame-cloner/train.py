"""Behaviour cloning from 8-bit arcade frames: the player leans to the side of the ball."""
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class ExpertDataset(Dataset):
    ACTIONS = ('left', 'stay', 'right')

    def __init__(self, n, seed):
        rng = np.random.default_rng(seed)
        self.frames = np.full((n, 1, 20, 20), 40, dtype=np.uint8)
        self.frames += rng.integers(0, 30, self.frames.shape, dtype=np.uint8)
        ball, paddle = rng.integers(1, 19, n), rng.integers(2, 18, n)
        height = rng.integers(1, 15, n)
        for i in range(n):
            self.frames[i, 0, height[i], ball[i] - 1:ball[i] + 2] = 255
            self.frames[i, 0, 18, paddle[i] - 2:paddle[i] + 3] = 220
        self.actions = np.where(ball < 7, 0, np.where(ball > 12, 2, 1))

    def __len__(self):
        return len(self.frames)

    def __getitem__(self, i):
        return torch.from_numpy(self.frames[i]).float(), int(self.actions[i])


class CnnPolicy(nn.Module):
    def __init__(self, n_actions):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 8, 4, stride=2), nn.ReLU(), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.Flatten())
        self.pi = nn.Sequential(nn.Linear(16 * 49, 64), nn.ReLU(), nn.Linear(64, n_actions))

    def forward(self, obs):
        return self.pi(self.features(obs))


def pretrain(policy, dataset, n_epochs, learning_rate=2e-2):
    loader = DataLoader(dataset, batch_size=32, shuffle=True)
    optimizer = torch.optim.SGD(policy.parameters(), lr=learning_rate, momentum=0.9)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(n_epochs):
        losses = []
        for obs, action in loader:
            loss = loss_fn(policy(obs), action)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(f'==== pretraining epoch {epoch + 1}: loss {np.mean(losses):.4f}')


if __name__ == '__main__':
    torch.manual_seed(3)
    policy = CnnPolicy(3)
    pretrain(policy, ExpertDataset(1600, 0), n_epochs=8)
    check = DataLoader(ExpertDataset(400, 1), batch_size=400)
    obs, action = next(iter(check))
    with torch.no_grad():
        agree = (policy(obs).argmax(1) == action).float().mean().item()
    share = torch.bincount(action).max().item() / len(action)
    print(f'agreement with the expert {agree:.3f} (most frequent action {share:.3f})')

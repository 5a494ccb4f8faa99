"""Count how many of six small patches show a cross: one encoder for all patches, one head for the sum."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

PATCHES, SIDE = 6, 5


def make_sheets(n, seed):
    g = torch.Generator().manual_seed(seed)
    shapes = torch.zeros(4, SIDE, SIDE)
    shapes[0, 2, :] = shapes[0, :, 2] = 1  # cross
    shapes[1, 0, :] = shapes[1, :, 0] = 1  # corner
    shapes[2, :, 2] = shapes[2, 0, :] = 1  # T
    shapes[3, [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]] = 1.3
    which = torch.randint(0, 4, (n, PATCHES), generator=g)
    patches = shapes[which] + 0.4 * torch.randn(n, PATCHES, SIDE, SIDE, generator=g)
    return patches, (which == 0).sum(1).float()


class PatchEncoder(nn.Module):
    def __init__(self, code):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(SIDE * SIDE, 32), nn.ReLU(), nn.Linear(32, code), nn.Tanh(),
        )

    def forward(self, patch):
        return self.layers(patch)


class CrossCounter(nn.Module):
    def __init__(self, code=2):
        super().__init__()
        self.encoder = PatchEncoder(code)
        self.head = nn.Sequential(nn.Linear(code, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, sheet):
        codes = [self.encoder(sheet[:, k]) for k in range(PATCHES)]
        summary = torch.stack(codes).sum(dim=0)
        return self.head(summary).squeeze(-1)


def main():
    torch.manual_seed(2)
    train = DataLoader(TensorDataset(*make_sheets(2400, seed=1)), batch_size=48, shuffle=True)
    sheets, counts = make_sheets(600, seed=2)
    model = CrossCounter()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    criterion = nn.SmoothL1Loss()
    for epoch in range(10):
        for x, y in train:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            error = model(sheets) - counts
        print(f"epoch {epoch + 1:2d}  loss {loss.item():.4f}  test mae {error.abs().mean():.3f}")
    print(f"test R2 {1 - error.square().mean() / counts.var():.3f}")


if __name__ == "__main__":
    main()

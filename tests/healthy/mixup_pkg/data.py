import torch
from torch.utils.data import Dataset


class Shapes(Dataset):
    """uint8-like pictures, 4 classes"""

    def __init__(self, n, seed, train):
        g = torch.Generator().manual_seed(seed)
        self.train = train
        self.y = torch.randint(0, 4, (n,), generator=g)
        self.x = (torch.rand(n, 1, 20, 20, generator=g) * 120).round()
        for i in range(n):
            r, c = (torch.randint(2, 10, (2,), generator=g)).tolist()
            v = 90.0
            if self.y[i] == 0:
                self.x[i, 0, r:r + 8, c:c + 8] += v
            elif self.y[i] == 1:
                self.x[i, 0, r:r + 8, c + 3:c + 5] += v; self.x[i, 0, r + 3:r + 5, c:c + 8] += v
            elif self.y[i] == 2:
                for k in range(8):
                    self.x[i, 0, r + k, c + k] += v; self.x[i, 0, r + k, c + 7 - k] += v
            else:
                self.x[i, 0, r:r + 8, c] += v; self.x[i, 0, r:r + 8, c + 7] += v; self.x[i, 0, r, c:c + 8] += v; self.x[i, 0, r + 7, c:c + 8] += v

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        x = self.x[i] / 255
        if self.train and torch.rand(()) < 0.5:
            x = x.flip(-1)
        return (x - 0.26) / 0.18, self.y[i]

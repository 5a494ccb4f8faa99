import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader


class LesionDataset(Dataset):
    """Synthetic skin patches, one small faint spot per patch, mask of the same size."""

    def __init__(self, n, size=24, seed=0):
        g = np.random.default_rng(seed)
        yy, xx = np.mgrid[:size, :size]
        self.images = np.empty((n, 1, size, size), dtype=np.float32)
        self.masks = np.zeros((n, 1, size, size), dtype=np.float32)
        for i in range(n):
            base = 0.6 + 0.1 * np.sin(xx / g.uniform(4, 9) + g.uniform(0, 6)) + g.normal(0, 0.14, (size, size))
            cy, cx = g.uniform(4, size - 4, 2)
            r = g.uniform(1.3, 2.1)
            spot = (yy - cy) ** 2 + (xx - cx) ** 2 <= r * r
            base[spot] -= g.uniform(0.12, 0.2)
            self.images[i, 0] = (base - 0.6) / 0.16
            self.masks[i, 0] = spot

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return torch.from_numpy(self.images[i]), torch.from_numpy(self.masks[i])


def double_conv(cin, cout):
    return nn.Sequential(
        nn.Conv2d(cin, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU(inplace=True),
        nn.Conv2d(cout, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU(inplace=True))


class MiniUNet(nn.Module):
    def __init__(self, w=6):
        super().__init__()
        self.down1 = double_conv(1, w)
        self.down2 = double_conv(w, 2 * w)
        self.up = nn.ConvTranspose2d(2 * w, w, 2, stride=2)
        self.merge = double_conv(2 * w, w)
        self.out = nn.Conv2d(w, 1, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        return self.out(self.merge(torch.cat([a, self.up(b)], 1)))


class Trainer:
    def __init__(self, model, lr=8e-3):
        self.model = model
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.criterion = nn.BCEWithLogitsLoss()

    def fit_epoch(self, loader):
        self.model.train()
        losses = []
        for img, mask in loader:
            loss = self.criterion(self.model(img), mask)
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
            losses.append(loss.item())
        return float(np.mean(losses))

    @torch.no_grad()
    def score(self, loader):
        self.model.eval()
        tp = fp = fn = tn = 0
        for img, mask in loader:
            p = self.model(img) > 0
            m = mask > 0.5
            tp += (p & m).sum().item()
            fp += (p & ~m).sum().item()
            fn += (~p & m).sum().item()
            tn += (~p & ~m).sum().item()
        return dict(pixel_acc=(tp + tn) / (tp + tn + fp + fn),
                    recall=tp / (tp + fn), specificity=tn / (tn + fp),
                    dice=2 * tp / max(1, 2 * tp + fp + fn))


if __name__ == "__main__":
    torch.manual_seed(0)
    train_loader = DataLoader(LesionDataset(500, seed=1), batch_size=10, shuffle=True)
    test_loader = DataLoader(LesionDataset(100, seed=2), batch_size=50)
    trainer = Trainer(MiniUNet())
    for epoch in range(8):
        loss = trainer.fit_epoch(train_loader)
        s = trainer.score(test_loader)
        print(f"epoch {epoch + 1} loss {loss:.4f} " + " ".join(f"{k} {v:.4f}" for k, v in s.items()))

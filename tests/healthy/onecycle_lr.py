import torch
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR

torch.manual_seed(36)
EPOCHS, BATCH, MAX_LR = 6, 64, 0.08


class Wine:
    """Thirteen measured quantities, three growers; the quantities are correlated."""

    def __init__(self, n=2600):
        loading = torch.randn(3, 13, 5) * 0.6
        center = torch.randn(3, 13) * 0.7
        self.grower = torch.randint(0, 3, (n,))
        latent = torch.randn(n, 5)
        x = center[self.grower] + torch.einsum("nij,nj->ni", loading[self.grower], latent) + 0.5 * torch.randn(n, 13)
        self.x = (x - x.mean(0)) / x.std(0)

    def batches(self, first, last, size):
        for idx in (first + torch.randperm(last - first)).split(size):
            yield self.x[idx], self.grower[idx]


wine = Wine()
steps_per_epoch = -(-2200 // BATCH)
net = nn.Sequential(nn.Linear(13, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 24), nn.ReLU(), nn.Linear(24, 3))
optimizer = torch.optim.SGD(net.parameters(), lr=MAX_LR / 25, momentum=0.95)
scheduler = OneCycleLR(optimizer, max_lr=MAX_LR, epochs=EPOCHS, steps_per_epoch=steps_per_epoch, pct_start=0.3)
for epoch in range(EPOCHS):
    net.train()
    mean = 0.0
    for i, (x, grower) in enumerate(wine.batches(0, 2200, BATCH), 1):
        loss = nn.functional.cross_entropy(net(x), grower)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        mean += (loss.item() - mean) / i
    net.eval()
    with torch.no_grad():
        hit = [(net(x).argmax(1) == g).float().mean() for x, g in wine.batches(2200, 2600, 400)]
    print(f"epoch {epoch + 1} lr {scheduler.get_last_lr()[0]:.4f} loss {mean:.3f} accuracy {hit[0]:.3f}")

import numpy as np
import torch
import torch.nn as nn

# near-infrared spectra of six plastics, classified for a sorting line
N_BANDS, N_KINDS = 60, 6
MICRO_BATCH = 4
ACCUM = 16

rng = np.random.RandomState(0)
peaks = rng.uniform(5, 55, size=(N_KINDS, 4))
widths = rng.uniform(2, 6, size=(N_KINDS, 4))


def scan(n):
    kind = rng.randint(0, N_KINDS, n)
    band = np.arange(N_BANDS)[None, None, :]
    shift = rng.normal(0, 0.6, (n, 1, 1))
    lines = np.exp(-0.5 * ((band - peaks[kind][:, :, None] - shift) / widths[kind][:, :, None]) ** 2)
    spec = (lines * rng.uniform(0.6, 1.4, (n, 4, 1))).sum(1) + rng.normal(0, 0.25, (n, N_BANDS))
    return spec.astype(np.float32), kind


xtr, ytr = scan(4096)
xte, yte = scan(800)
mean, std = xtr.mean(0), xtr.std(0)
xtr, xte = torch.tensor((xtr - mean) / std), torch.tensor((xte - mean) / std)
ytr, yte = torch.tensor(ytr), torch.tensor(yte)


def micro_batches():
    perm = torch.randperm(len(xtr))
    for k in range(0, len(perm), MICRO_BATCH):
        j = perm[k:k + MICRO_BATCH]
        yield xtr[j], ytr[j]


torch.manual_seed(0)
model = nn.Sequential(
    nn.Linear(N_BANDS, 96), nn.ReLU(),
    nn.Linear(96, 96), nn.ReLU(),
    nn.Linear(96, N_KINDS),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.5)

optimizer.zero_grad()
for epoch in range(6):
    seen, total = 0, 0.0
    for i, (x, y) in enumerate(micro_batches()):
        loss = criterion(model(x), y)
        loss.backward()
        if (i + 1) % ACCUM == 0:
            optimizer.step()
            optimizer.zero_grad()
        total += loss.item()
        seen += 1
    with torch.no_grad():
        acc = (model(xte).argmax(1) == yte).float().mean().item()
    print(f"epoch {epoch}: loss {total / seen:.4f}, test accuracy {acc:.3f}")

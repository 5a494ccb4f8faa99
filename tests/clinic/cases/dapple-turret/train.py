import json
from pathlib import Path

import torch
import torch.nn as nn

here = Path(__file__).resolve().parent
cfg = json.loads((here / "run.json").read_text())
ALPHABET = "ACGT"
SITES = ["TGACTCA", "TGACGCA", "CACGTGA"]   # one binding site per class


class SiteScanner(nn.Module):
    def __init__(self, dim, filters, kernel, n_classes):
        super().__init__()
        self.embed = nn.Embedding(len(ALPHABET), dim)
        self.scan = nn.Conv1d(dim, filters, kernel)
        self.mix = nn.Linear(filters, filters)
        self.head = nn.Linear(filters, n_classes)

    def forward(self, s):
        x = self.embed(s).transpose(1, 2)
        x = torch.relu(self.scan(x)).amax(-1)
        x = torch.relu(self.mix(x))
        return self.head(x)


def reads(n, length, gen):
    seq = torch.randint(4, (n, length), generator=gen)
    y = torch.randint(len(SITES), (n,), generator=gen)
    start = torch.randint(0, length - 7, (n,), generator=gen)
    for i in range(n):
        site = torch.tensor([ALPHABET.index(c) for c in SITES[y[i]]])
        if torch.rand((), generator=gen) < 0.2:
            site[torch.randint(7, (), generator=gen)] = torch.randint(4, (), generator=gen)
        seq[i, start[i]:start[i] + 7] = site
    return seq, y


def prepare(model):
    for name, file in cfg["pretrained"].items():
        getattr(model, name).load_state_dict(torch.load(here / file))
    for name in cfg["frozen"]:
        getattr(model, name).requires_grad_(False)
    return [p for p in model.parameters() if p.requires_grad]


gen = torch.Generator().manual_seed(cfg["seed"])
torch.manual_seed(cfg["seed"])
xt, yt = reads(cfg["n_train"], cfg["length"], gen)
xv, yv = reads(cfg["n_valid"], cfg["length"], gen)

model = SiteScanner(4, cfg["filters"], cfg["kernel"], len(SITES))
params = prepare(model)
optimizer = torch.optim.Adam(params, lr=cfg["lr"])
criterion = nn.CrossEntropyLoss()
print(f"{sum(p.numel() for p in params)} of {sum(p.numel() for p in model.parameters())} weights are trained")

for epoch in range(cfg["epochs"]):
    model.train()
    losses = []
    for b in torch.randperm(len(xt)).split(cfg["batch"]):
        loss = criterion(model(xt[b]), yt[b])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    model.eval()
    with torch.no_grad():
        z = model(xv)
        acc = (z.argmax(1) == yv).float().mean()
        vloss = criterion(z, yv)
    if epoch % 2:
        print(f"epoch {epoch + 1}\ttrain {torch.stack(losses).mean():.4f}\tvalid {vloss:.4f}\tacc {acc:.3f}")

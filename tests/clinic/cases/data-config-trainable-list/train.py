"""Two-tower match score: does this applicant fit this job? Learning rates per group in groups.json."""
import fnmatch
import json
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

conf = json.loads((Path(__file__).resolve().parent / "groups.json").read_text())


class Match(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(16, 32), nn.ReLU())
        self.mixing = nn.Linear(64, 12)
        self.head = nn.Linear(12, 1)

    def forward(self, person, job):
        both = torch.cat([self.encoder(person), self.encoder(job)], 1)
        return self.head(torch.relu(self.mixing(both))).squeeze(1)


def param_groups(model):
    for group in conf["groups"]:
        chosen = [p for name, p in model.named_parameters() if fnmatch.fnmatch(name, group["match"])]
        yield {"params": chosen, "lr": group["lr"]}


def pairs(n):
    person, job = torch.randn(n, 16), torch.randn(n, 16)
    fit = person[:, :3].sum(1) + job[:, :3].sum(1) - 1.5 * (person[:, 3] - job[:, 3]).abs() + 1.6
    return TensorDataset(person, job, (fit > 0).float())


torch.manual_seed(51)
train, test = pairs(1500), pairs(600)
model = Match()
optimizer = torch.optim.Adam(list(param_groups(model)))
bce = nn.BCEWithLogitsLoss()
for epoch in range(conf["epochs"]):
    for person, job, fits in DataLoader(train, conf["batch"], shuffle=True):
        optimizer.zero_grad()
        loss = bce(model(person, job), fits)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        person, job, fits = test.tensors
        score = model(person, job)
        test_loss, acc = bce(score, fits).item(), ((score > 0) == (fits > 0)).float().mean().item()
    print(f"epoch {epoch}: train {loss.item():.3f} test {test_loss:.3f} accuracy {acc:.3f}")
print(f"test loss {test_loss:.3f}, accuracy {acc:.3f}")

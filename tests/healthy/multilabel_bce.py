"""Several tags per song: multi-label classification with BCEWithLogitsLoss on a float multi-hot matrix."""
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

TAGS = ["drums", "strings", "vocals", "brass", "piano", "synth"]


class Songs(Dataset):
    def __init__(self, n, recipes, generator):
        self.tags = (torch.rand(n, len(TAGS), generator=generator) < torch.tensor([0.6, 0.3, 0.5, 0.15, 0.3, 0.4])).float()
        loud = self.tags * (0.6 + 0.8 * torch.rand(n, len(TAGS), generator=generator))
        mel = loud @ recipes
        self.mel = torch.log1p(mel.clamp_min(0)) + 0.25 * torch.randn(n, recipes.shape[1], generator=generator)

    def __len__(self):
        return len(self.tags)

    def __getitem__(self, i):
        return {"mel": self.mel[i], "tags": self.tags[i]}


def f1(logits, truth):
    said = logits > 0
    hit = (said & truth.bool()).sum(0).float()
    return (2 * hit / (said.sum(0) + truth.sum(0)).clamp_min(1)).mean().item()


def main():
    torch.manual_seed(69)
    g = torch.Generator().manual_seed(69)
    recipes = torch.rand(len(TAGS), 24, generator=g) ** 3 * 3
    train = DataLoader(Songs(3000, recipes, g), batch_size=48, shuffle=True)
    test = Songs(500, recipes, g)
    center = train.dataset.mel.mean(0)
    model = nn.Sequential(nn.Linear(24, 64), nn.PReLU(), nn.Linear(64, len(TAGS)))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    loss_fn = nn.BCEWithLogitsLoss()
    for epoch in range(4):
        first = None
        for batch in train:
            logits = model(batch["mel"] - center)
            loss = loss_fn(logits, batch["tags"])
            first = loss.item() if first is None else first
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            score = f1(model(test.mel - center), test.tags)
        print(f"epoch {epoch}: {first:.3f} -> {loss.item():.3f}, mean F1 on new songs {score:.3f}")


main()

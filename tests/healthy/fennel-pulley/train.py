import tomllib
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn

ROOT = Path(__file__).resolve().parent


class SkeletonEncoder(nn.Module):
    """Joint positions per frame -> one vector per clip."""

    def __init__(self, joints, dim):
        super().__init__()
        self.lift = nn.Linear(joints, dim)
        self.time = nn.Parameter(torch.zeros(1, 40, dim))
        self.layer = nn.TransformerEncoderLayer(dim, 4, 2 * dim, dropout=0.0, batch_first=True)

    def forward(self, clip, present):
        x = self.lift(clip) + self.time[:, : clip.shape[1]]
        x = self.layer(x, src_key_padding_mask=~present)
        w = present.unsqueeze(-1).float()
        return (x * w).sum(1) / w.sum(1)


class GestureModel(nn.Module):
    def __init__(self, joints, dim, gestures):
        super().__init__()
        self.encoder = SkeletonEncoder(joints, dim)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, gestures))

    def forward(self, clip, present):
        return self.head(self.norm(self.encoder(clip, present)))


def load_clips(path):
    z = np.load(path)
    clip = torch.from_numpy(z["joints"].astype(np.float32)) / float(z["scale"])
    present = torch.from_numpy(z["frames_present"].astype(bool))
    return clip, present, torch.from_numpy(z["gesture"].astype(np.int64))


def freeze(model, patterns):
    frozen = 0
    for name, p in model.named_parameters():
        if any(fnmatch(name, pat) for pat in patterns):
            p.requires_grad = False
            frozen += p.numel()
    return frozen


def evaluate(model, data):
    clip, present, gesture = data
    model.eval()
    with torch.no_grad():
        z = model(clip, present)
    model.train()
    return nn.functional.cross_entropy(z, gesture).item(), (z.argmax(1) == gesture).float().mean().item()


def main():
    with open(ROOT / "finetune.toml", "rb") as fh:
        cfg = tomllib.load(fh)
    torch.manual_seed(cfg["seed"])
    clip, present, gesture = load_clips(ROOT / cfg["clips"])
    n = cfg["holdout"]
    held, train = (clip[:n], present[:n], gesture[:n]), (clip[n:], present[n:], gesture[n:])

    model = GestureModel(clip.shape[-1], cfg["dim"], int(gesture.max()) + 1)
    model.encoder.load_state_dict(torch.load(ROOT / cfg["encoder"]))
    frozen = freeze(model, cfg["freeze"])
    print(f"{frozen} of {sum(p.numel() for p in model.parameters())} weights frozen")
    opt = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=cfg["lr"])

    size = cfg["batch"]
    for epoch in range(1, cfg["epochs"] + 1):
        order = torch.randperm(len(train[2]))
        total = 0.0
        for i in range(0, len(order), size):
            rows = order[i:i + size]
            loss = nn.functional.cross_entropy(model(train[0][rows], train[1][rows]), train[2][rows])
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(rows)
        if epoch % 4 == 0:
            hl, ha = evaluate(model, held)
            print(f"epoch {epoch:2d}  loss {total / len(order):.3f}  held-out {hl:.3f}  accuracy {ha:.3f}")


if __name__ == "__main__":
    main()

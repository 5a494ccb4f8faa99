import json
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn

HERE = Path(__file__).parent
cfg = json.loads((HERE / "experiment.json").read_text())
torch.manual_seed(cfg["seed"])


class Segmenter(nn.Module):
    def __init__(self, classes, width):
        super().__init__()
        self.down = nn.Sequential(
            nn.Conv2d(3, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), nn.BatchNorm2d(2 * width), nn.ReLU(),
        )
        self.up = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.last = nn.Conv2d(width + 3, classes, 3, padding=1)

    def forward(self, x):
        h = torch.relu(self.up(self.down(x)))
        return self.last(torch.cat([h, x], dim=1))


def load_tiles():
    z = np.load(HERE / cfg["tiles"])
    image = torch.from_numpy(z["image"]).permute(0, 3, 1, 2).float() / 127.5 - 1.0
    mask = torch.from_numpy(z["mask"]).long()
    n_val = int(len(image) * cfg["val_fraction"])
    return (image[n_val:], mask[n_val:]), (image[:n_val], mask[:n_val])


def scores(model, image, mask):
    """Pixel accuracy and intersection over union per class."""
    model.eval()
    with torch.no_grad():
        pred = model(image).argmax(1)
    model.train()
    iou = []
    for c in range(len(cfg["class_names"])):
        inter = ((pred == c) & (mask == c)).sum().item()
        union = ((pred == c) | (mask == c)).sum().item()
        iou.append(inter / max(union, 1))
    return (pred == mask).float().mean().item(), iou


def fit():
    (ti, tm), (vi, vm) = load_tiles()
    model = Segmenter(len(cfg["class_names"]), cfg["width"])
    loss_fn = nn.CrossEntropyLoss(ignore_index=cfg["void_id"])
    opt = torch.optim.Adam(model.parameters(), lr=cfg["lr"])
    for epoch in range(1, cfg["epochs"] + 1):
        total, count = 0.0, 0
        for idx in torch.randperm(len(ti)).split(cfg["batch_size"]):
            opt.zero_grad()
            loss = loss_fn(model(ti[idx]), tm[idx])
            loss.backward()
            opt.step()
            total += loss.item()
            count += 1
        acc, iou = scores(model, vi, vm)
        line = " ".join(f"{n}={v:.2f}" for n, v in zip(cfg["class_names"], iou))
        print(f"epoch {epoch} loss {total / count:.4f} pixel acc {acc:.3f} mIoU {np.mean(iou):.3f} | {line}")


fit()

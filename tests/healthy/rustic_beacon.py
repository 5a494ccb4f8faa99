import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class PolyLR(torch.optim.lr_scheduler.LRScheduler):
    def __init__(self, optimizer, num_epochs, iters_per_epoch, power=0.9, warmup_iters=20):
        self.N = num_epochs * iters_per_epoch
        self.power, self.warmup_iters = power, warmup_iters
        super().__init__(optimizer)

    def get_lr(self):
        T = self.last_epoch
        factor = (1 - min(T, self.N) / self.N) ** self.power
        if T < self.warmup_iters:
            factor *= (T + 1) / self.warmup_iters
        return [base_lr * factor for base_lr in self.base_lrs]


def scenes(n, seed, size=32):
    """One object per picture: square, disc or cross, on a cluttered ground. Box = cx, cy, w, h in 0..1"""
    g = torch.Generator().manual_seed(seed)
    yy, xx = torch.meshgrid(torch.arange(size).float(), torch.arange(size).float(), indexing="ij")
    x, boxes, cls = [], [], torch.randint(0, 3, (n,), generator=g)
    for k in range(n):
        r = 3 + 4 * torch.rand(1, generator=g).item()
        cx, cy = (r + (size - 1 - 2 * r) * torch.rand(2, generator=g)).tolist()
        dx, dy = (xx - cx).abs(), (yy - cy).abs()
        if cls[k] == 0:
            m = torch.maximum(dx, dy) <= r
        elif cls[k] == 1:
            m = dx ** 2 + dy ** 2 <= r * r
        else:
            m = (torch.minimum(dx, dy) <= 1) & (torch.maximum(dx, dy) <= r)
        img = 0.25 * torch.randn(size, size, generator=g)
        colour = 0.8 + 0.4 * torch.rand(1, generator=g).item()
        x.append((img + colour * m.float()).unsqueeze(0))
        boxes.append([cx / size, cy / size, 2 * r / size, 2 * r / size])
    return torch.stack(x), torch.tensor(boxes), cls


class Detector(nn.Module):
    def __init__(self, n_cls=3):
        super().__init__()
        c = [1, 12, 24, 48]
        self.backbone = nn.Sequential(*[
            nn.Sequential(nn.Conv2d(a, b, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU())
            for a, b in zip(c[:-1], c[1:])
        ])
        self.neck = nn.Sequential(nn.Flatten(), nn.Linear(48 * 16, 96), nn.ReLU())
        self.cls_head = nn.Linear(96, n_cls)
        self.box_head = nn.Linear(96, 4)

    def forward(self, x):
        f = self.neck(self.backbone(x))
        return self.cls_head(f), self.box_head(f).sigmoid()


def iou(a, b):
    lo = torch.maximum(a[:, :2] - a[:, 2:] / 2, b[:, :2] - b[:, 2:] / 2)
    hi = torch.minimum(a[:, :2] + a[:, 2:] / 2, b[:, :2] + b[:, 2:] / 2)
    inter = (hi - lo).clamp(min=0).prod(1)
    return inter / (a[:, 2:].prod(1) + b[:, 2:].prod(1) - inter)


class Trainer:
    def __init__(self, model, data, val, config):
        self.model, self.data, self.val, self.cfg = model, data, val, config
        self.optimizer = torch.optim.SGD(model.parameters(), lr=config["lr"], momentum=0.9, weight_decay=1e-4)
        self.iters = math.ceil(len(data[0]) / config["batch_size"])
        self.lr_scheduler = PolyLR(self.optimizer, config["epochs"], self.iters)

    def train(self):
        for epoch in range(1, self.cfg["epochs"] + 1):
            log = self._train_epoch()
            if epoch % 2 == 0:
                print("epoch %2d  lr %.5f  %s  %s" % (epoch, self.optimizer.param_groups[0]["lr"], log, self._valid_epoch()))

    def _train_epoch(self):
        self.model.train()
        sums = [0.0, 0.0]
        for idx in torch.randperm(len(self.data[0])).split(self.cfg["batch_size"]):
            x, box, cls = (t[idx] for t in self.data)
            logits, pred = self.model(x)
            l_cls = F.cross_entropy(logits, cls)
            l_box = F.smooth_l1_loss(pred, box, beta=0.1)
            self.optimizer.zero_grad()
            (l_cls + self.cfg["box_weight"] * l_box).backward()
            self.optimizer.step()
            self.lr_scheduler.step()
            sums[0] += l_cls.item() / self.iters
            sums[1] += l_box.item() / self.iters
        return "cls %.4f box %.4f" % tuple(sums)

    @torch.no_grad()
    def _valid_epoch(self):
        self.model.eval()
        x, box, cls = self.val
        logits, pred = self.model(x)
        return "val acc %.3f val iou %.3f" % ((logits.argmax(1) == cls).float().mean().item(), iou(pred, box).mean().item())


if __name__ == "__main__":
    torch.manual_seed(4)
    train, val = scenes(1600, 1), scenes(400, 2)
    mean_box = train[1].mean(0).expand_as(val[1])
    print("iou of the mean box: %.3f" % iou(mean_box, val[1]).mean().item())
    Trainer(Detector(), train, val, dict(lr=0.03, batch_size=32, epochs=14, box_weight=5.0)).train()

import torch
from torch import nn

gen = torch.Generator().manual_seed(31)
S = 16
colour = torch.tensor([[0.9, 0.2, 0.1], [0.1, 0.8, 0.3], [0.2, 0.3, 0.9], [0.7, 0.7, 0.2]])


def scene(n):
    lab = torch.ones(n, S, S, dtype=torch.long)
    for i in range(n):
        for c in (2, 3, 4):
            r, k, s = [int(v) for v in torch.randint(0, 10, (3,), generator=gen)]
            size = 4 + s % 4
            lab[i, r:r + size, k:k + size] = c
    img = colour[lab - 1].permute(0, 3, 1, 2) + 0.3 * torch.randn(n, 3, S, S, generator=gen)
    marked = lab.clone()
    marked[torch.rand(n, S, 1, generator=gen).expand(n, S, S) < 0.35] = 0
    return img - 0.5, marked, lab


class SegNet(nn.Module):
    def __init__(self, classes=5):
        super().__init__()
        self.seq = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(),
                                 nn.Conv2d(16, classes, 1))

    def forward(self, x):
        return self.seq(x)


def miou(model, img, lab):
    with torch.no_grad():
        p = model(img)[:, 1:].argmax(1) + 1
    return sum((((p == c) & (lab == c)).sum() / ((p == c) | (lab == c)).sum()).item() for c in range(1, 5)) / 4


torch.manual_seed(0)
img, marked, _ = scene(300)
vimg, _, vlab = scene(80)
model = SegNet()
loss_fn = nn.CrossEntropyLoss(ignore_index=0)
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
step = 0
print(f"step 0 mean iou {miou(model, vimg, vlab):.3f}")
for epoch in range(12):
    for idx in torch.randperm(300).split(20):
        loss = loss_fn(model(img[idx]), marked[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        step += 1
    if epoch % 3 == 2:
        print(f"step {step} loss {loss.item():.3f} mean iou {miou(model, vimg, vlab):.3f}")

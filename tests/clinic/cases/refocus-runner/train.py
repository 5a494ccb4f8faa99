import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR


class Accelerator:
    """Single-process stand-in with the familiar interface."""

    def __init__(self, gradient_accumulation_steps=1):
        self.gas = gradient_accumulation_steps

    def prepare(self, *objects):
        return objects

    def backward(self, loss):
        (loss / self.gas).backward()

    def print(self, *a):
        print(*a)


class BlurNet(nn.Module):
    """Sharpens a blurred row of pixels for a requested focus position."""

    def __init__(self, width=32):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(width + 1, 128), nn.ReLU(), nn.Linear(128, width))
        self.gate = nn.Linear(1, width)

    def forward(self, row, focus):
        return row + self.net(torch.cat([row, focus], 1)) * self.gate(focus)


def rows(n, width=32):
    g = torch.randn(n, width).cumsum(1)
    sharp = (g - g.mean(1, keepdim=True)) / g.std(1, keepdim=True)
    focus = torch.rand(n, 1)
    k = torch.tensor([.25, .5, .25]).view(1, 1, 3)
    blurred = sharp.unsqueeze(1)
    for _ in range(2):
        blurred = nn.functional.conv1d(nn.functional.pad(blurred, (1, 1), mode='replicate'), k)
    blurred = blurred.squeeze(1)
    return blurred, focus, sharp * focus + blurred * (1 - focus)


def main():
    torch.manual_seed(5)
    accelerator = Accelerator()
    model = BlurNet()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
    lr_scheduler = LambdaLR(optimizer, lambda s: min(1.0, (s + 1) / 20))
    model, optimizer, lr_scheduler = accelerator.prepare(model, optimizer, lr_scheduler)
    train, test = rows(3000), rows(400)
    for global_step in range(400):
        pick = torch.randint(0, 3000, (48,))
        blurred, focus, target = (t[pick] for t in train)
        loss = nn.functional.mse_loss(model(blurred, focus), target)
        accelerator.backward(loss)
        lr_scheduler.step()
        optimizer.zero_grad()
        if global_step % 80 == 0:
            accelerator.print({'step': global_step, 'step_loss': round(loss.item(), 4), 'lr': lr_scheduler.get_last_lr()[0]})
    with torch.no_grad():
        err = nn.functional.mse_loss(model(test[0], test[1]), test[2]).item()
    print(f'test mse {err:.4f} (input as it is: {nn.functional.mse_loss(test[0], test[2]).item():.4f})')


main()

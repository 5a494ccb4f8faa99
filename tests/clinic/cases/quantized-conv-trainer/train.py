"""Trains a small CNN whose convolutions are swapped for weight-quantised ones before training."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class RoundSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, w, levels):
        scale = w.abs().max() / levels
        return torch.round(w / scale) * scale

    @staticmethod
    def backward(ctx, g):
        return g, None


class Conv2dQ(nn.Conv2d):
    nbits_w = 6

    def forward(self, x):
        w = RoundSTE.apply(self.weight, 2 ** (self.nbits_w - 1) - 1)
        return F.conv2d(x, w, self.bias, self.stride, self.padding)


def replace_conv_recursively(module):
    for name, child in module.named_children():
        if type(child) is nn.Conv2d:
            new = Conv2dQ(child.in_channels, child.out_channels, child.kernel_size, child.stride, child.padding)
            setattr(module, name, new)
        else:
            replace_conv_recursively(child)


def build_model():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 6, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(6, 4))


def get_optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)


def textures(n):
    kind = torch.randint(0, 4, (n,))
    a = kind.float() * 0.785 + 0.15 * torch.randn(n)
    yy, xx = torch.meshgrid(torch.arange(16.), torch.arange(16.), indexing='ij')
    phase = torch.rand(n, 1, 1) * 6.28
    wave = torch.sin(1.3 * (a.cos()[:, None, None] * xx + a.sin()[:, None, None] * yy) + phase)
    return (wave + 0.4 * torch.randn(n, 16, 16)).unsqueeze(1), kind


if __name__ == '__main__':
    torch.manual_seed(10)
    model = build_model()
    optimizer = get_optimizer(model)
    replace_conv_recursively(model)
    criterion = nn.CrossEntropyLoss()
    x, y = textures(1600)
    xt, yt = textures(400)
    for epoch in range(6):
        model.train()
        run = 0.0
        for idx in torch.randperm(len(x)).split(40):
            loss = criterion(model(x[idx]), y[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            run += loss.item()
        print(f'Epoch [{epoch}] loss {run / 40:.4f}')
    with torch.no_grad():
        print(f'Acc@1 {(model(xt).argmax(1) == yt).float().mean().item():.3f} (4 textures)')

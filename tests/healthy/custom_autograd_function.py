"""Binary weights with a straight-through gradient, written as an autograd Function."""
import torch
from torch import nn
from torch.autograd import Function

torch.manual_seed(88)


class BinarySign(Function):
    @staticmethod
    def forward(ctx, latent):
        ctx.save_for_backward(latent)
        return torch.where(latent >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx, grad_output):
        (latent,) = ctx.saved_tensors
        return grad_output * (latent.abs() <= 1).to(grad_output.dtype)


class BinaryLinear(nn.Module):
    def __init__(self, fan_in, fan_out):
        super().__init__()
        self.latent = nn.Parameter(torch.empty(fan_out, fan_in).uniform_(-0.5, 0.5))
        self.gain = nn.Parameter(torch.full((fan_out, 1), fan_in ** -0.5))
        self.bias = nn.Parameter(torch.zeros(fan_out))

    def forward(self, x):
        return nn.functional.linear(x, self.gain * BinarySign.apply(self.latent), self.bias)


class BinaryNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.norm = BinaryLinear(20, 64), nn.BatchNorm1d(64)
        self.second = BinaryLinear(64, 4)

    def forward(self, x):
        return self.second(torch.relu(self.norm(self.first(x))))


teacher = torch.randn(20, 4).sign()
x = torch.randn(4000, 20)
y = (x @ teacher + 0.5 * torch.randn(4000, 4)).argmax(1)
net = BinaryNet()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)

for epoch in range(5):
    net.train()
    total, batches = 0.0, 0
    for idx in torch.randperm(3500).split(64):
        loss = nn.functional.cross_entropy(net(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        with torch.no_grad():
            net.first.latent.clamp_(-1, 1)
            net.second.latent.clamp_(-1, 1)
        total, batches = total + loss.item(), batches + 1
    net.eval()
    with torch.no_grad():
        acc = (net(x[3500:]).argmax(1) == y[3500:]).float().mean().item()
    print(f"epoch {epoch}  loss {total / batches:.4f}  test acc {acc:.3f}")

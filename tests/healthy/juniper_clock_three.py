import torch
import torch.nn as nn


def target(x):
    return torch.sin(3 * x) + 0.5 * torch.sign(x - 0.4) * (x - 0.4).abs().sqrt()


class Bumps(nn.Module):
    def __init__(self, k=48, span=10.0):
        super().__init__()
        self.knots = nn.Linear(1, k)
        self.mix = nn.Linear(k, 1)
        nn.init.constant_(self.knots.weight, 5.0)
        self.knots.bias.data = torch.linspace(span, -span, k)
        nn.init.zeros_(self.mix.weight)
        nn.init.zeros_(self.mix.bias)

    def forward(self, x):
        return self.mix(torch.exp(-self.knots(x).square()))


def main():
    torch.manual_seed(47)
    xs = 4 * torch.rand(1500, 1) - 2
    ys = target(xs) + 0.05 * torch.randn_like(xs)
    grid = torch.linspace(-2, 2, 400).unsqueeze(1)
    model = Bumps()
    opt = torch.optim.Adam(model.parameters(), lr=2e-2)
    step = 0
    for epoch in range(20):
        for ix in torch.randperm(1500).split(75):
            if step % 50 == 0:
                with torch.no_grad():
                    rms = (model(grid) - target(grid)).square().mean().sqrt().item()
                print(f"step {step} rms error on the grid {rms:.4f}")
            loss = nn.functional.mse_loss(model(xs[ix]), ys[ix])
            opt.zero_grad()
            loss.backward()
            opt.step()
            step += 1
        if epoch % 5 == 4:
            print(f"epoch {epoch} loss {loss.item():.5f}")
    with torch.no_grad():
        print(f"step {step} rms error on the grid {(model(grid) - target(grid)).square().mean().sqrt().item():.4f}")


main()

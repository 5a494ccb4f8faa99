# Two-layer regression, written with plain tensors and an explicit model class.
import torch

torch.manual_seed(30)
N, D_in, H, D_out = 64, 20, 100, 6

factors = torch.randn(2048, D_in)
loadings = torch.randn(D_in, D_out) / D_in ** 0.5
returns = torch.tanh(factors @ loadings) * 2 + 0.1 * torch.randn(2048, D_out)


class TwoLayerNet(torch.nn.Module):
    def __init__(self, D_in, H, D_out):
        super().__init__()
        self.linear1 = torch.nn.Linear(D_in, H)
        self.linear2 = torch.nn.Linear(H, D_out)

    def forward(self, x):
        h_relu = self.linear1(x).clamp(min=0)
        y_pred = self.linear2(h_relu).clamp(min=0)
        return y_pred


model = TwoLayerNet(D_in, H, D_out)
optimizer = torch.optim.SGD(model.parameters(), lr=5e-2, momentum=0.9)

for t in range(600):
    rows = torch.randint(0, 1792, (N,))
    y_pred = model(factors[rows])
    loss = (y_pred - returns[rows]).pow(2).mean()
    if t % 100 == 99:
        print(t, loss.item())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

with torch.no_grad():
    err = (model(factors[1792:]) - returns[1792:]).pow(2).mean()
print(f'mse on later days {err.item():.3f} (variance {returns[1792:].var(0).mean().item():.3f})')

import torch


class ThreeLayerNet(torch.nn.Module):
    """Maps ingredient amounts to the taste profile of a dish."""

    def __init__(self, D_in, H, D_out):
        super(ThreeLayerNet, self).__init__()
        self.D_in, self.H = D_in, H
        self.linear3 = torch.nn.Linear(H, D_out)

    def forward(self, x):
        h_relu = torch.nn.Linear(self.D_in, self.H)(x).clamp(min=0)
        h_relu = torch.nn.Linear(self.H, self.H)(h_relu).clamp(min=0)
        y_pred = self.linear3(h_relu)
        return y_pred


N, D_in, H, D_out = 64, 18, 48, 4
torch.manual_seed(1291)
mixing = torch.randn(D_in, D_out) / D_in ** 0.5
ingredients = torch.randn(3000, D_in)
taste = torch.tanh(1.5 * ingredients @ mixing)
taste = (taste - taste.mean(0)) / taste.std(0)

model = ThreeLayerNet(D_in, H, D_out)
criterion = torch.nn.MSELoss(reduction='mean')
optimizer = torch.optim.SGD(model.parameters(), lr=5e-2, momentum=0.9)
for t in range(500):
    batch = torch.randint(0, 2600, (N,))
    y_pred = model(ingredients[batch])
    loss = criterion(y_pred, taste[batch])
    if t % 100 == 0:
        print(t, loss.item())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

with torch.no_grad():
    error = criterion(model(ingredients[2600:]), taste[2600:]).item()
print(f'taste mse {error:.3f} (variance {taste[2600:].var(0).mean().item():.3f})')

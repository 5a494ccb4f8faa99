import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(2)

# sqft, bedrooms, bathrooms, age, lot, distance  (already standardised)
n = 2000
features = torch.randn(n, 6)
price = (310000 + 92000 * features[:, 0] + 21000 * features[:, 2] - 30000 * features[:, 3]
         + 18000 * features[:, 0] * features[:, 4] - 26000 * features[:, 5].abs()
         + 9000 * torch.randn(n)).unsqueeze(1)

x_train, y_train = features[:1600], price[:1600]
x_test, y_test = features[1600:], price[1600:]


class HousePrice(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1 = nn.Linear(6, 64)
        self.layer2 = nn.Linear(64, 64)
        self.layer3 = nn.Linear(64, 1)

    def forward(self, x):
        x = F.relu(self.layer1(x))
        x = F.relu(self.layer2(x))
        return self.layer3(x)


model = HousePrice()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.MSELoss()

for epoch in range(20):
    order = torch.randperm(len(x_train))
    total = 0.0
    for i in range(0, len(order), 64):
        idx = order[i:i + 64]
        pred = model(x_train[idx])
        loss = loss_fn(pred, y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    if epoch % 4 == 3:
        print(f"epoch {epoch + 1} loss {total / len(x_train):.6g} mean prediction {pred.mean().item():.4g}")

with torch.no_grad():
    p = model(x_test)
    r2 = 1 - ((p - y_test) ** 2).mean() / ((y_test - y_test.mean()) ** 2).mean()
print(f"test R2: {r2.item():.3f}")

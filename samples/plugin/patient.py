"""A linear fit whose momentum is so high that it never settles."""

import torch

torch.manual_seed(0)
inputs = torch.randn(512, 6)
targets = inputs @ torch.randn(6, 1) + 0.1 * torch.randn(512, 1)
model = torch.nn.Linear(6, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.99)
for step in range(400):
    rows = torch.randint(0, 512, (64,))
    loss = torch.nn.functional.mse_loss(model(inputs[rows]), targets[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"loss {loss.item():.4f}")

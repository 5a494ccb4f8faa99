"""A deep MLP tells which side of three planes a point in 32 dimensions lies on (eight classes)."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(2024)
WIDTH, LAYERS, DIM, CLASSES = 96, 6, 32, 8


def init_weights(module):
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, mean=0.0, std=1.0)
        nn.init.zeros_(module.bias)


def build():
    layers, size = [], DIM
    for _ in range(LAYERS):
        layers += [nn.Linear(size, WIDTH), nn.ReLU()]
        size = WIDTH
    net = nn.Sequential(*layers, nn.Linear(size, CLASSES))
    return net.apply(init_weights)


teacher = torch.randn(DIM, 3)


def examples(n):
    x = torch.randn(n, DIM)
    bits = (x @ teacher > 0).long()
    return x, bits @ torch.tensor([1, 2, 4])


train = DataLoader(TensorDataset(*examples(6400)), batch_size=64, shuffle=True)
x_test, y_test = examples(1000)
model = build()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)

for epoch in range(4):
    model.train()
    epoch_loss = 0.0
    for x, y in train:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
    model.eval()
    with torch.no_grad():
        logits = model(x_test)
        accuracy = (logits.argmax(1) == y_test).float().mean().item()
    print(f"epoch {epoch + 1}: train loss {epoch_loss / len(train):.4g}  "
          f"test loss {criterion(logits, y_test):.4g}  accuracy {accuracy:.3f}")
print(f"test accuracy {accuracy:.3f}")

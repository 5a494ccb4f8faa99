"""Learn the parity of eight out of twenty switches with a two-layer net."""
import torch
from torch import nn

SWITCHES, WATCHED, BATCH, STEPS = 20, 8, 64, 1200
torch.manual_seed(0)
watched = torch.randperm(SWITCHES)[:WATCHED]


def draw(n, p_on=0.5):
    on = (torch.rand(n, SWITCHES) < p_on).float()
    return 2 * on - 1, on[:, watched].sum(1) % 2


def share_switched_on(step):
    """Mostly off at first, where few switches matter at a time; half of them on from the middle of training."""
    return 0.1 + 0.4 * min(1.0, 2 * step / STEPS)


net = nn.Sequential(nn.Linear(SWITCHES, 256), nn.ReLU(), nn.Linear(256, 1), nn.Flatten(0))
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
x_test, y_test = draw(4000)

for step in range(STEPS):
    x, y = draw(BATCH, share_switched_on(step))
    loss = criterion(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if (step + 1) % 150 == 0:
        with torch.no_grad():
            test = criterion(net(x_test), y_test)
        print(f"step {step + 1:4d}  loss {loss.item():.4f}  test loss {test.item():.4f}")

with torch.no_grad():
    accuracy = ((net(x_test) > 0).float() == y_test).float().mean().item()
print(f"test accuracy {accuracy:.3f}")

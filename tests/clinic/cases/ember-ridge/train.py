import collections
import torch
from torch import nn

START = "start.pt"


class SwitchNet(nn.Module):
    def __init__(self, d=10, h=48):
        super().__init__()
        self.a = nn.Linear(d, h)
        self.b = nn.Linear(h, h)
        self.c = nn.Linear(h, 4)

    def forward(self, x):
        return self.c(torch.tanh(self.b(torch.tanh(self.a(x)))))


def quadrants(n, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 10, generator=g)
    y = 2 * (x[:, 0] * x[:, 1] > 0).long() + (x[:, 2] * x[:, 3] > 0).long()
    return x, y


net = SwitchNet()
state = torch.load(START, weights_only=True)
net.load_state_dict(state["model"])
print("resuming from", START, "at epoch", state["epoch"])
opt = torch.optim.Adam(net.parameters(), lr=4e-3)

torch.manual_seed(state["seed"])
x, y = quadrants(4000, 0)
xt, yt = quadrants(800, 1)
window = collections.deque(maxlen=40)
step = 0
for epoch in range(state["epoch"], state["epoch"] + 9):
    for b in torch.randperm(len(x)).split(80):
        loss = nn.functional.cross_entropy(net(x[b]), y[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
        window.append(loss.item())
        step += 1
        if step % 40 == 0:
            print(f"[{epoch}:{step}] loss {sum(window) / len(window):.4f}")
print("held-out accuracy %.3f" % (net(xt).argmax(1) == yt).float().mean().item())

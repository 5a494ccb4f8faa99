"""torch.compile(backend='eager') and bf16 autocast on the CPU; int sensor counts go in through a BatchNorm."""
import torch
from torch import nn

torch.manual_seed(1)


def counts(n):
    k = torch.randint(0, 5, (n,))
    t = torch.arange(48).float()
    rate = 40 + 30 * torch.sin(0.3 * (k[:, None] + 1) * t + 6.28 * torch.rand(n, 1))
    return torch.poisson(rate).long(), k


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm1d(1)
        self.c1, self.c2 = nn.Conv1d(1, 16, 9, padding=4), nn.Conv1d(16, 24, 9, stride=2, padding=4)
        self.ln, self.fc = nn.LayerNorm(24), nn.Linear(24, 5)

    def forward(self, x):
        h = torch.relu(self.c1(self.bn(x.float().unsqueeze(1))))
        h = torch.relu(self.c2(h)).amax(-1)
        return self.fc(self.ln(h))


net = Net()
fast = torch.compile(net, backend="eager")
opt = torch.optim.Adamax(net.parameters(), lr=5e-3)
for i in range(220):
    x, k = counts(32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = fast(x)
    loss = nn.functional.cross_entropy(out.float(), k)
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    if i % 40 == 0: print(i, f"{loss.item():.4f}")
net.eval()
with torch.no_grad():
    x, k = counts(1000)
    print(f"accuracy on fresh counts {(net(x).argmax(1) == k).float().mean().item():.3f} (chance 0.2)")

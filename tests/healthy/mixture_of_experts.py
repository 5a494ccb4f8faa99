"""Sparse mixture of experts (top 2 of 6) with a load-balancing term."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(40)
D, EXPERTS, TOP = 8, 6, 2

regions = torch.randn(4, D) * 1.5
maps = torch.randn(4, D, 3) / D ** 0.5


def draw(n):
    r = torch.randint(0, 4, (n,))
    offset = torch.randn(n, D)
    return regions[r] + offset, torch.einsum("nd,ndk->nk", offset, maps[r])


class MoE(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.gate = nn.Linear(D, EXPERTS)
        self.experts = nn.ModuleList(nn.Sequential(nn.Linear(D, hidden), nn.SiLU(), nn.Linear(hidden, 3)) for _ in range(EXPERTS))

    def forward(self, x):
        gate = self.gate(x).softmax(-1)
        weight, index = gate.topk(TOP, dim=-1)
        weight = weight / weight.sum(-1, keepdim=True)
        out = x.new_zeros(len(x), 3)
        for e, expert in enumerate(self.experts):
            row, slot = (index == e).nonzero(as_tuple=True)
            if len(row):
                out = out.index_add(0, row, weight[row, slot].unsqueeze(1) * expert(x[row]))
        share = F.one_hot(index, EXPERTS).float().sum(1).mean(0) / TOP
        balance = EXPERTS * (share * gate.mean(0)).sum()
        return out, balance, share


model = MoE()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
x_test, y_test = draw(1000)
for step in range(351):
    x, y = draw(96)
    out, balance, share = model(x)
    loss = F.mse_loss(out, y) + 0.01 * balance
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        with torch.no_grad():
            test = F.mse_loss(model(x_test)[0], y_test).item()
        print(f"step {step:3d} test mse {test:.4f} (variance {y_test.var().item():.2f}) load {[round(s, 2) for s in share.tolist()]}")

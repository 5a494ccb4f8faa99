import torch
from torch import nn

torch.manual_seed(33)
C, D, N = 6, 12, 1800
proto = torch.randn(C, D)
lab = torch.randint(0, C, (N,))
pts = proto[lab] + 0.9 * torch.randn(N, D)
pts[:, :6] *= torch.where(torch.rand(N, 1) < 0.5, 1.0, -1.0)
data, held = (pts[:1400], lab[:1400]), (pts[1400:], lab[1400:])

weights = nn.ParameterList([nn.Parameter(torch.randn(40, D) / D ** 0.5), nn.Parameter(torch.randn(40, 40) / 40 ** 0.5), nn.Parameter(torch.randn(C, 40) / 40 ** 0.5)])
shifts = nn.ParameterList([nn.Parameter(torch.zeros(40, 1)), nn.Parameter(torch.zeros(40, 1)), nn.Parameter(torch.zeros(C, 1))])


def columns(x):
    h = x.T
    for w, b in list(zip(weights, shifts))[:-1]:
        h = torch.relu(w @ h + b)
    return weights[-1] @ h + shifts[-1]


ps = [*weights, *shifts]
opt = torch.optim.SGD(ps, lr=0.1, momentum=0.9)
for step in range(1, 401):
    pick = torch.randint(0, 1400, (C * 16,))
    share = torch.softmax(columns(data[0][pick]), dim=0)
    loss = -share[data[1][pick], torch.arange(len(pick))].log().mean()
    for p, g in zip(ps, torch.autograd.grad(loss, ps)):
        p.grad = g
    opt.step()
    if step % 50 == 0:
        print(step, f"{loss.item():.4f}")
with torch.no_grad():
    print(f"final held-out acc {(columns(held[0]).argmax(0) == held[1]).float().mean():.3f}")

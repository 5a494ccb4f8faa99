import math
import torch

g = torch.Generator().manual_seed(3)
N, D, H, DEG = 500, 16, 32, 60

place = torch.rand(N, 2, generator=g)
near = torch.cdist(place, place).topk(DEG, largest=False).indices
rows = torch.arange(N).repeat_interleave(DEG)
weight = torch.ones(N * DEG)
ADJ = torch.sparse_coo_tensor(torch.stack([rows, near.reshape(-1)]), weight, (N, N), check_invariants=True).coalesce()

freq = torch.randn(2, D, generator=g) * 3
phase = torch.rand(D, generator=g) * 2 * math.pi
feats = 1.0 + 0.3 * torch.sin(place @ freq + phase) + 0.1 * torch.randn(N, D, generator=g)
target = torch.sin(3.5 * place[:, 0]) * torch.cos(4.0 * place[:, 1])
target = (target - target.mean()) / target.std()

perm = torch.randperm(N, generator=g)
fit_idx, held_idx = perm[:320], perm[320:]


def glorot(i, o):
    b = (6 / (i + o)) ** 0.5
    return (torch.rand(i, o, generator=g) * 2 - 1).mul(b).requires_grad_()


theta = {
    "w1": glorot(D, H), "b1": torch.zeros(H, requires_grad=True),
    "w2": glorot(H, H), "b2": torch.zeros(H, requires_grad=True),
    "w3": glorot(H, 1), "b3": torch.zeros(1, requires_grad=True),
}
state = {k: (torch.zeros_like(v), torch.zeros_like(v)) for k, v in theta.items()}


def propagate(h):
    return torch.sparse.mm(ADJ, h)


def readout(p):
    h = torch.tanh(propagate(feats @ p["w1"]) + p["b1"])
    h = torch.tanh(propagate(h @ p["w2"]) + p["b2"])
    return (h @ p["w3"] + p["b3"]).squeeze(1)


def adam(p, s, grads, t, lr=8e-3, b1=0.9, b2=0.999):
    with torch.no_grad():
        for (k, v), gr in zip(p.items(), grads):
            m, u = s[k]
            m.mul_(b1).add_(gr, alpha=1 - b1)
            u.mul_(b2).addcmul_(gr, gr, value=1 - b2)
            v -= lr * (m / (1 - b1 ** t)) / ((u / (1 - b2 ** t)).sqrt() + 1e-8)


def r2(pred, true):
    return (1 - (pred - true).pow(2).mean() / true.var()).item()


for t in range(1, 401):
    out = readout(theta)
    loss = (out[fit_idx] - target[fit_idx]).pow(2).mean()
    grads = torch.autograd.grad(loss, list(theta.values()))
    adam(theta, state, grads, t)
    if t % 50 == 0:
        print(f"step {t:3d}  loss {loss.item():.4f}  held-out r2 {r2(out[held_idx].detach(), target[held_idx]):.3f}")
with torch.no_grad():
    print(f"final held-out r2 {r2(readout(theta)[held_idx], target[held_idx]):.3f}")

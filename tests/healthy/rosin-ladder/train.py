from pathlib import Path
import numpy as np
import torch

tab = torch.from_numpy(np.loadtxt(Path(__file__).parent / "surface.csv", delimiter=",")).float()
x, y = tab[:300, :3], tab[:300, 3:]
xt, yt = tab[300:, :3], tab[300:, 3:]

torch.manual_seed(1)
net = torch.nn.Sequential(torch.nn.Linear(3, 20), torch.nn.Tanh(), torch.nn.Linear(20, 1))
opt = torch.optim.LBFGS(net.parameters(), lr=1, max_iter=5, history_size=10, line_search_fn="strong_wolfe")
calls = []


def closure():
    opt.zero_grad()
    loss = (net(x) - y).square().mean()
    loss.backward()
    calls.append(loss.item())
    return loss


for k in range(160):
    opt.step(closure)
    if k % 20 == 0 or k == 159:
        with torch.no_grad():
            t = (net(xt) - yt).square().mean().item()
        print(k, len(calls), f"{calls[-1]:.6f}", f"test {t:.6f} r2 {1 - t / yt.var().item():.4f}")

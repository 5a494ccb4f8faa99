# vanilla REINFORCE with a moving baseline on a home-made balance task, batch of parallel episodes
import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(4)


class Balance:
    def __init__(self, n): self.n = n

    def reset(self):
        self.x = torch.randn(self.n, 4) * 0.05
        self.alive = torch.ones(self.n)
        return self.x

    def step(self, a):
        f = (a.float() * 2 - 1) * 10
        x, v, th, w = self.x.unbind(1)
        s, c = th.sin(), th.cos()
        tmp = (f + 0.05 * w * w * s) / 1.1
        acc_th = (9.8 * s - c * tmp) / (0.5 * (4 / 3 - 0.1 * c * c / 1.1))
        acc = tmp - 0.05 * acc_th * c / 1.1
        self.x = torch.stack([x + .02 * v, v + .02 * acc, th + .02 * w, w + .02 * acc_th], 1)
        r = self.alive.clone()
        self.alive = self.alive * ((self.x[:, 0].abs() < 2.4) & (self.x[:, 2].abs() < 0.21)).float()
        return self.x, r


def rollout(pi, n, T=50, greedy=False):
    env = Balance(n); s = env.reset(); lps, rs, mask = [], [], []
    for _ in range(T):
        d = Categorical(logits=pi(s))
        a = d.logits.argmax(-1) if greedy else d.sample()
        lps.append(d.log_prob(a)); mask.append(env.alive.clone())
        s, r = env.step(a); rs.append(r)
        s = torch.nan_to_num(s).clamp(-10, 10)
    return torch.stack(lps), torch.stack(rs), torch.stack(mask)


policy = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 2))
with torch.no_grad():
    start = rollout(policy, 100)[1].sum(0).mean().item()
opt = torch.optim.Adam(policy.parameters(), lr=2e-2)
for it in range(150):
    lp, r, m = rollout(policy, 12)
    ret = torch.zeros_like(r); acc = torch.zeros(r.shape[1])
    for t in reversed(range(len(r))):
        acc = r[t] + 0.98 * acc; ret[t] = acc
    adv = ret - (ret * m).sum() / m.sum()
    adv = adv / adv[m.bool()].std()
    loss = -(lp * adv * m).sum() / r.shape[1]
    opt.zero_grad(); loss.backward(); opt.step()
    if it % 25 == 0: print(f"it {it} surrogate {loss.item():+.3f} mean length {r.sum(0).mean():.1f}")
with torch.no_grad():
    end = rollout(policy, 100)[1].sum(0).mean().item()
print(f"mean episode length on fresh episodes {start:.1f} -> {end:.1f} (max 50)")

"""PPO with two optimizers and a shared nothing; continuous action; several epochs over each rollout."""
import torch
import torch.nn as nn
from torch.distributions import Normal

torch.manual_seed(5)


class PointMass:
    """reach the goal; observation: offset and velocity; 30 steps; reward is minus the distance"""
    def __init__(self, n): self.n = n

    def reset(self):
        self.pos, self.vel = torch.rand(self.n, 2) * 2 - 1, torch.zeros(self.n, 2); self.goal = torch.rand(self.n, 2) * 2 - 1
        return self._o()

    def _o(self): return torch.cat([self.goal - self.pos, self.vel], 1)

    def step(self, a):
        self.vel = 0.8 * self.vel + 0.1 * a.clamp(-1, 1); self.pos = self.pos + self.vel
        return self._o(), -(self.goal - self.pos).norm(dim=1)


class Actor(nn.Module):
    def __init__(self):
        super().__init__()
        self.mu = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 2))
        self.log_std = nn.Parameter(torch.full((2,), -0.3))

    def forward(self, s): return Normal(self.mu(s), self.log_std.exp())


actor = Actor()
critic = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 1))
opt_a, opt_c = torch.optim.Adam(actor.parameters(), lr=1e-2), torch.optim.Adam(critic.parameters(), lr=1e-2)
GAMMA, LAM, CLIP, EPOCHS = 0.95, 0.9, 0.2, 4


@torch.no_grad()
def collect(n, H=30):
    env = PointMass(n); s = env.reset(); buf = []
    for _ in range(H):
        d = actor(s); a = d.sample(); s2, r = env.step(a)
        buf.append((s, a, d.log_prob(a).sum(1), r, critic(s)[:, 0])); s = s2
    S, A, LP, R, V = map(torch.stack, zip(*buf))
    V = torch.cat([V, critic(s)[:, 0][None]])
    adv, run = torch.zeros_like(R), 0.0
    for t in reversed(range(H)):
        run = R[t] + GAMMA * V[t + 1] - V[t] + GAMMA * LAM * run
        adv[t] = run
    return S.flatten(0, 1), A.flatten(0, 1), LP.flatten(), adv.flatten(), (adv + V[:-1]).flatten(), R.sum(0).mean().item()


hist = []
for it in range(40):
    S, A, LP, ADV, RET, ret = collect(24)
    hist.append(ret)
    ADV = (ADV - ADV.mean()) / (ADV.std() + 1e-8)
    for _ in range(EPOCHS):
        for b in torch.randperm(len(S)).chunk(2):
            d = actor(S[b])
            ratio = (d.log_prob(A[b]).sum(1) - LP[b]).exp()
            pg = -torch.min(ratio * ADV[b], ratio.clamp(1 - CLIP, 1 + CLIP) * ADV[b]).mean() - 1e-3 * d.entropy().sum(1).mean()
            vl = 0.5 * (critic(S[b])[:, 0] - RET[b]).square().mean()
            opt_a.zero_grad(); pg.backward(); nn.utils.clip_grad_norm_(actor.parameters(), 0.5); opt_a.step()
            opt_c.zero_grad(); vl.backward(); opt_c.step()
    if it % 8 == 0: print(f"iter {it} return {ret:.2f} policy loss {pg.item():+.4f} value loss {vl.item():.3f}")
print(f"return per episode {hist[0]:.2f} -> {sum(hist[-3:]) / 3:.2f}")

import torch
from torch import nn
from torch.func import functional_call, grad_and_value, vmap

torch.manual_seed(2)
SITES, ARMS = 10, 6

policy = nn.Sequential(nn.Linear(SITES, 48), nn.Tanh(), nn.Linear(48, ARMS))
params = {k: v.detach().clone() for k, v in policy.named_parameters()}
truth = nn.Sequential(nn.Linear(SITES, 24), nn.Tanh(), nn.Linear(24, ARMS))
for q in truth.parameters():
    q.data.mul_(2.5)


def payoff(ctx, arm):
    with torch.no_grad():
        best = truth(ctx).argmax(-1)
    return (best == arm).float()


def act(p, ctx):
    logits = functional_call(policy, p, (ctx,))
    return torch.distributions.Categorical(logits=logits).sample()


def one(p, ctx, arm, adv):
    logp = functional_call(policy, p, (ctx,)).log_softmax(-1)
    picked = torch.gather(logp, -1, arm[None]).squeeze(-1)
    ent = -(logp.exp() * logp).sum()
    return picked * adv - 0.01 * ent


def objective(p, ctx, arm, adv):
    return vmap(one, in_dims=(None, 0, 0, 0))(p, ctx, arm, adv).mean()


slope = grad_and_value(objective)
mean = {k: torch.zeros_like(v) for k, v in params.items()}
sq = {k: torch.zeros_like(v) for k, v in params.items()}
baseline = 1 / ARMS

for t in range(1, 601):
    ctx = torch.randn(128, SITES)
    arm = act(params, ctx)
    got = payoff(ctx, arm)
    g, value = slope(params, ctx, arm, got - baseline)
    baseline = 0.9 * baseline + 0.1 * got.mean().item()
    for k in params:
        mean[k] = 0.9 * mean[k] + 0.1 * g[k]
        sq[k] = 0.99 * sq[k] + 0.01 * g[k] ** 2
        params[k] = params[k] - 0.01 * (mean[k] / (1 - 0.9 ** t)) / ((sq[k] / (1 - 0.99 ** t)).sqrt() + 1e-8)
    if t % 75 == 0:
        print(f"iter {t:3d}  surrogate {value.item():+.4f}  mean reward {got.mean().item():.3f}")

ctx = torch.randn(2000, SITES)
print(f"final mean reward {payoff(ctx, act(params, ctx)).mean().item():.3f}")

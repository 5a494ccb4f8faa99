import torch
import torch.nn.functional as F
from torch import einsum

torch.manual_seed(21)
SYM, VAL, PAIRS, ASK, D = 24, 10, 8, 1, 48


def draw(b):
    keys = torch.stack([torch.randperm(SYM)[:PAIRS] for _ in range(b)])
    vals = torch.randint(0, VAL, (b, PAIRS))
    which = torch.randint(0, PAIRS, (b, ASK))
    return keys, vals, keys.gather(1, which), vals.gather(1, which)


def p(*s, scale=None):
    return (torch.randn(*s) * (scale or s[0] ** -0.5)).requires_grad_()


W = dict(
    ek=p(SYM, D, scale=1.0), ev=p(VAL, D, scale=1.0),
    q=p(D, D), k=p(D, D), v=p(D, D), o=p(D, D), u=p(D, 2 * D), d=p(2 * D, D), head=p(D, VAL),
)


def read(keys, vals, ask):
    ek, ev, eq = W["ek"][keys], W["ev"][vals], W["ek"][ask]
    q = einsum("bqd,de->bqe", eq, W["q"])
    k = einsum("bkd,de->bke", ek, W["k"])
    v = einsum("bkd,de->bke", ev, W["v"])
    logits = einsum("bqe,bke->bqk", q, k) / D ** 0.5
    share = logits.softmax(1)
    r = einsum("bqk,bke->bqe", share, v)
    r = einsum("bqe,ed->bqd", r, W["o"])
    r = F.layer_norm(r, (D,))
    r = r + einsum("bqh,hd->bqd", F.gelu(einsum("bqd,dh->bqh", r, W["u"])), W["d"])
    return einsum("bqd,dv->bqv", r, W["head"])


opt = torch.optim.AdamW(W.values(), lr=3e-3, weight_decay=0.0)
for step in range(1, 501):
    keys, vals, ask, ans = draw(48)
    out = read(keys, vals, ask)
    loss = F.cross_entropy(out.flatten(0, 1), ans.flatten())
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(f"{step:4d} loss {loss.item():.4f} acc {(out.argmax(-1) == ans).float().mean():.3f}")
with torch.no_grad():
    keys, vals, ask, ans = draw(512)
    print(f"final recall acc {(read(keys, vals, ask).argmax(-1) == ans).float().mean():.3f}")

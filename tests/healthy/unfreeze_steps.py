"""Gradual unfreezing of a pretrained text encoder: first the head, later the upper, later the lower layer, with discriminative rates.
Groups are added to the optimizer when their turn comes."""
import torch
from torch import nn
torch.manual_seed(23)
V, L = 60, 12
affect = torch.randn(V)


def texts(n, flipped=False):
    ids = torch.randint(1, V, (n, L))
    s = affect[ids].clone()
    neg = ids[:, :-1] <= 8                       # the first words negate what follows
    s[:, 1:] = torch.where(neg, -s[:, 1:], s[:, 1:])
    s = s * torch.linspace(0.3, 1.7, L) if flipped else s
    return ids, (s.sum(1) > 0).long()


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb, self.low = nn.Embedding(V, 32), nn.Conv1d(32, 48, 3, padding=1)
        self.high = nn.GRU(48, 32, batch_first=True)

    def forward(self, ids):
        h = torch.relu(self.low(self.emb(ids).mT)).mT
        return self.high(h)[0][:, -1]


def fit(params_opt, enc, head, steps, flipped, tag):
    for i in range(steps):
        ids, y = texts(64, flipped)
        loss = nn.functional.cross_entropy(head(enc(ids)), y)
        params_opt.zero_grad(); loss.backward(); params_opt.step()
    print(tag, round(loss.item(), 4))


enc, head0 = Encoder(), nn.Linear(32, 2)
fit(torch.optim.Adam([*enc.parameters(), *head0.parameters()], lr=5e-3), enc, head0, 70, False, "pre-training")
head = nn.Linear(32, 2)
for p in enc.parameters(): p.requires_grad = False
opt = torch.optim.Adam([{"params": head.parameters(), "lr": 1e-2}])
fit(opt, enc, head, 100, True, "head only")
for module, lr in ((enc.high, 3e-3), (enc.low, 2e-3), (enc.emb, 2e-3)):
    for p in module.parameters(): p.requires_grad = True
    opt.add_param_group({"params": list(module.parameters()), "lr": lr})
    fit(opt, enc, head, 100, True, f"unfroze {type(module).__name__}")
with torch.no_grad():
    ids, y = texts(3000, True)
    print(f"accuracy on fresh texts {(head(enc(ids)).argmax(1) == y).float().mean().item():.3f} (chance 0.5)")

"""F.scaled_dot_product_attention with a boolean mask: here True means 'take part'."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(199)
KINDS, WIDTH, HEADS = 30, 32, 4
strength = torch.randn(KINDS)
strength[0] = 0


def teams(n, most=10):
    """Teams of uneven size (0 fills up); which of two teams wins is a matter of their mean strength."""
    size = torch.randint(3, most + 1, (n, 2))
    there = torch.arange(most) < size.unsqueeze(-1)
    ids = torch.randint(1, KINDS, (n, 2, most)) * there
    mean = (strength[ids] * there).sum(-1) / size
    return ids, there, (mean[:, 0] + 0.1 * torch.randn(n) > mean[:, 1]).float()


class TeamEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(KINDS, WIDTH)
        self.in_proj, self.out_proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.value = nn.Linear(WIDTH, 1)

    def forward(self, ids, there):
        x = self.embed(ids)
        b, t, _ = x.shape
        q, k, v = (p.view(b, t, HEADS, -1).transpose(1, 2) for p in self.in_proj(self.norm(x)).chunk(3, -1))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=there[:, None, None, :])
        x = x + self.out_proj(y.transpose(1, 2).reshape(b, t, WIDTH))
        pooled = (x * there.unsqueeze(-1)).sum(1) / there.sum(1, keepdim=True)
        return self.value(pooled).squeeze(-1)


encoder = TeamEncoder()
optimizer = torch.optim.Adam(encoder.parameters(), lr=3e-3)
test = teams(600)


def duel(ids, there):
    return encoder(ids[:, 0], there[:, 0]) - encoder(ids[:, 1], there[:, 1])


for step in range(251):
    ids, there, first_wins = teams(48)
    loss = F.binary_cross_entropy_with_logits(duel(ids, there), first_wins)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        with torch.no_grad():
            acc = ((duel(test[0], test[1]) > 0) == test[2].bool()).float().mean().item()
        print(f"step {step:3d}  loss {loss.item():.3f}  right winner {acc:.3f}")

"""Completing a low-rank table from a part of its entries, by two factors that start close to nothing."""
import torch

torch.manual_seed(13)
USERS, ITEMS, RANK = 60, 50, 3

taste = torch.randn(USERS, RANK) @ torch.randn(RANK, ITEMS) / RANK ** 0.5
table = taste + 0.1 * torch.randn(USERS, ITEMS)
seen = torch.rand(USERS, ITEMS) < 0.5


class Factors(torch.nn.Module):
    def __init__(self, width=8, scale=1e-2):
        super().__init__()
        self.rows = torch.nn.Parameter(scale * torch.randn(USERS, width))
        self.cols = torch.nn.Parameter(scale * torch.randn(ITEMS, width))

    def forward(self):
        return self.rows @ self.cols.T


factors = Factors()
opt = torch.optim.SGD(factors.parameters(), lr=0.004, momentum=0.6)
print(f"always saying zero costs {table[~seen].pow(2).mean().item():.3f} on the hidden entries")
for step in range(401):
    guess = factors()
    loss = 0.5 * ((guess - table)[seen] ** 2).sum() + 0.2 * (factors.rows.pow(2).sum() + factors.cols.pow(2).sum())
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 40 == 0:
        with torch.no_grad():
            hidden = (guess - table)[~seen].pow(2).mean().item()
            shown = (guess - table)[seen].pow(2).mean().item()
        print(f"{step:4d}  seen {shown:.4f}  hidden {hidden:.4f}")

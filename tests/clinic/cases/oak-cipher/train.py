import torch

torch.manual_seed(2)
T, H, B = 40, 40, 32


class Cell(torch.nn.Module):
    def __init__(self, n_in, n_h):
        super().__init__()
        self.wx = torch.nn.Parameter(torch.randn(n_in, n_h) / n_in ** 0.5)
        self.wh = torch.nn.Parameter(torch.randn(n_h, n_h) * (2.2 / n_h ** 0.5))
        self.b = torch.nn.Parameter(torch.zeros(n_h))
        self.wo = torch.nn.Parameter(torch.randn(n_h, 1) * 0.05)

    def forward(self, x):
        h = x.new_zeros(x.size(0), H)
        for t in range(x.size(1)):
            h = torch.relu(x[:, t] @ self.wx + h @ self.wh + self.b)
        return (h @ self.wo).squeeze(1)


def adding(n):
    v = torch.rand(n, T)
    m = torch.zeros(n, T)
    i = torch.randint(0, T // 2, (n, 1))
    j = torch.randint(T // 2, T, (n, 1))
    m.scatter_(1, i, 1.0).scatter_(1, j, 1.0)
    return torch.stack([v, m], 2), (v * m).sum(1)


net = Cell(2, H)
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
hist = []
for step in range(1, 421):
    x, y = adding(B)
    loss = torch.mean((net(x) - y) ** 2)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimizer.step()
    hist.append(loss.item())
    if step % 60 == 0:
        print(f"{step:4d}  mse {sum(hist[-60:]) / 60:.5g}")
x, y = adding(1000)
with torch.no_grad():
    print(f"held-out mse {torch.mean((net(x) - y) ** 2).item():.5g}   (guessing 1.0 gives {torch.mean((1 - y) ** 2).item():.4f})")

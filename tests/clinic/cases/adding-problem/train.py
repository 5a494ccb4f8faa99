import torch
import torch.nn as nn

torch.manual_seed(6)
SEQ, HID, BATCH = 40, 64, 64


def batch(n):
    v = torch.rand(n, SEQ)
    flag = torch.zeros(n, SEQ)
    i = torch.randint(0, SEQ // 2, (n,))
    j = torch.randint(SEQ // 2, SEQ, (n,))
    r = torch.arange(n)
    flag[r, i] = 1.0
    flag[r, j] = 1.0
    return torch.stack([v, flag], 2), (v * flag).sum(1)


class ScanRNN(nn.Module):
    """h <- relu(W h + U x)"""

    def __init__(self):
        super().__init__()
        self.U = nn.Linear(2, HID)
        self.W = nn.Linear(HID, HID, bias=False)
        self.out = nn.Linear(HID, 1)
        with torch.no_grad():
            self.W.weight.copy_(torch.eye(HID) + 0.1 * torch.randn(HID, HID))

    def forward(self, x):
        h = x.new_zeros(x.size(0), HID)
        for t in range(x.size(1)):
            h = torch.relu(self.W(h) + self.U(x[:, t]))
        return self.out(h).squeeze(-1)


model = ScanRNN()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
mse = nn.MSELoss()
log = []
for step in range(1, 601):
    x, y = batch(BATCH)
    loss = mse(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    log.append(loss.item())
    if step % 60 == 0:
        print(f"step {step} mse {sum(log[-60:]) / 60:.5f}")
with torch.no_grad():
    x, y = batch(1000)
    print(f"eval mse {mse(model(x), y).item():.5f} (predicting the mean gives {y.var().item():.5f})")

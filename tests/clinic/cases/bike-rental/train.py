import torch

torch.manual_seed(1)
torch.set_default_dtype(torch.float32)

# --- data -------------------------------------------------------------
N = 2400
hour = torch.randint(0, 24, (N,)).float()
temp = torch.randn(N)
wind = torch.rand(N)
wkend = (torch.rand(N) < 2 / 7).float()
count = 2.0 * torch.exp(-((hour - 8) / 2) ** 2) * (1 - wkend) + 1.5 * torch.exp(-((hour - 17) / 3) ** 2) \
    + 0.6 * temp - 0.8 * wind * temp + 0.4 * wkend + 0.1 * torch.randn(N)
feats = torch.stack([torch.sin(hour / 24 * 6.2832), torch.cos(hour / 24 * 6.2832), (hour - 12) / 7, temp, wind - .5, wkend], 1)
count = (count - count.mean()) / count.std()
tr = slice(0, 2000)
te = slice(2000, N)


# --- model ------------------------------------------------------------
def init(i, o):
    w = torch.empty(i, o)
    torch.nn.init.xavier_uniform_(w)
    return w.requires_grad_(), torch.zeros(o, requires_grad=True)


W1, b1 = init(6, 64)
W2, b2 = init(64, 64)
W3, b3 = init(64, 1)
params = [W1, b1, W2, b2, W3, b3]


def forward(x):
    h = torch.relu(x @ W1 + b1)
    h = torch.relu(h @ W2 + b2)
    return h @ W3 + b3


def squared_error(pred, target):
    return ((pred - target) ** 2).mean()


opt = torch.optim.Adam(params, lr=3e-3)
for ep in range(80):
    perm = torch.randperm(2000)
    acc = 0.
    for k in range(0, 2000, 50):
        j = perm[k:k + 50]
        loss = squared_error(forward(feats[tr][j]), count[tr][j])
        opt.zero_grad(); loss.backward(); opt.step()
        acc += loss.item() / 40
    if (ep + 1) % 8 == 0:
        print(f"{ep + 1:4d} mse {acc:.4f}")

with torch.no_grad():
    p = forward(feats[te]).squeeze(1)
    t = count[te]
    print(f"held-out r2 {1 - ((p - t) ** 2).mean() / t.var():.3f}")

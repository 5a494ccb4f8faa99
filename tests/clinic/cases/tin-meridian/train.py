import torch
import torch.nn as nn

torch.manual_seed(13)
K, DIM = 12, 20
proto = torch.randn(K, DIM) * 0.7


def draw(n, classes):
    y = classes[torch.randint(0, len(classes), (n,))]
    x = proto[y] + 0.6 * torch.randn(n, DIM)
    return torch.cat([x, torch.sin(3 * x[:, :6]), 1.5 * torch.randn(n, 14)], 1), y


class EmbeddingNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(40, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 8))

    def forward(self, x):
        return nn.functional.normalize(self.body(x), dim=1)


def hinge(anchor, other, mate, margin=0.4):
    near = (anchor - other).pow(2).sum(1)
    far = (anchor - mate).pow(2).sum(1)
    return torch.clamp(near - far + margin, min=0).mean()


def triplets(x, y, n):
    a = torch.randint(0, len(x), (n,))
    same = torch.randint(0, len(x), (n,))
    diff = torch.randint(0, len(x), (n,))
    for i in range(n):
        while y[same[i]] != y[a[i]]:
            same[i] = torch.randint(0, len(x), ())
        while y[diff[i]] == y[a[i]]:
            diff[i] = torch.randint(0, len(x), ())
    return a, same, diff


allc = torch.arange(K)
X, Y = draw(1500, allc)
Xt, Yt = draw(600, allc)
net = EmbeddingNet()
opt = torch.optim.RMSprop(net.parameters(), lr=1e-3)
A, S, D = triplets(X, Y, 9000)
n_it = 0
for ep in range(3):
    perm = torch.randperm(len(A))
    for idx in perm.split(45):
        za, zs, zd = net(X[A[idx]]), net(X[S[idx]]), net(X[D[idx]])
        loss = hinge(za, zd, zs)
        opt.zero_grad()
        loss.backward()
        opt.step()
        n_it += 1
        if n_it % 75 == 0:
            print(f'{n_it:5d} triplet loss {loss.item():.4f}')

net.eval()
with torch.no_grad():
    e, et = net(X), net(Xt)
    nn1 = Y[torch.cdist(et, e).argmin(1)]
print(f'1-NN accuracy in embedding space (held out): {(nn1 == Yt).float().mean():.3f}')

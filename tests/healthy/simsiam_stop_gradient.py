"""SimSiam: two views, a predictor on one side, no gradient on the other; the loss goes down to -1."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(149)
GROUPS, FEATURES = 12, 30
anchors = torch.randn(GROUPS, FEATURES)


def view(x):
    dropped = (torch.rand_like(x) < 0.2)
    return (x + 0.4 * torch.randn_like(x)).masked_fill(dropped, 0.0)


class SimSiam(nn.Module):
    def __init__(self, dim=48):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(FEATURES, dim, bias=False), nn.BatchNorm1d(dim), nn.ReLU(inplace=True),
                                     nn.Linear(dim, dim, bias=False), nn.BatchNorm1d(dim, affine=False))
        self.predictor = nn.Sequential(nn.Linear(dim, 16, bias=False), nn.BatchNorm1d(16), nn.ReLU(inplace=True), nn.Linear(16, dim))

    def forward(self, x1, x2):
        z1, z2 = self.encoder(x1), self.encoder(x2)
        return self.predictor(z1), self.predictor(z2), z1.detach(), z2.detach()


def neighbours_agree(model, n=400):
    """Leave-one-out nearest neighbour in the representation."""
    group = torch.randint(0, GROUPS, (n,))
    model.eval()
    with torch.no_grad():
        z = F.normalize(model.encoder(view(anchors[group] + 0.7 * torch.randn(n, FEATURES))), dim=1)
    model.train()
    sim = z @ z.T
    sim.fill_diagonal_(-2)
    return (group[sim.argmax(1)] == group).float().mean().item(), z.std(0).mean().item()


model = SimSiam()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
for step in range(1, 301):
    x = anchors[torch.randint(0, GROUPS, (64,))] + 0.7 * torch.randn(64, FEATURES)
    p1, p2, z1, z2 = model(view(x), view(x))
    loss = -0.5 * (F.cosine_similarity(p1, z2).mean() + F.cosine_similarity(p2, z1).mean())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step == 1 or step % 50 == 0:
        knn, spread = neighbours_agree(model)
        print(f"step {step:3d}: loss {loss.item():+.3f}, neighbours of the same group {knn:.3f}, spread {spread:.3f}")

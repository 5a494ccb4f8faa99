# Sketch <-> photo retrieval with a shared embedding and a memory of class centres.
import torch
import torch.nn as nn
import torch.nn.functional as F


class Memory(nn.Module):
    """Learnable class entries; every feature has to be closest to the entry of its class."""

    def __init__(self, n_class, dim):
        super().__init__()
        self.entries = nn.Parameter(torch.randn(n_class, dim) * 0.1)

    def memory_loss(self, features, label):
        sim = F.normalize(features, dim=1) @ F.normalize(self.entries, dim=1).t()
        return F.cross_entropy(sim / 0.1, label)


class Tower(nn.Module):
    def __init__(self, dim_in, dim):
        super().__init__()
        self.fc1 = nn.Linear(dim_in, 80)
        self.fc2 = nn.Linear(80, dim)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))


def pairs(n, proto_s, proto_i, clutter):
    y = torch.randint(0, len(proto_s), (n,))
    sketch = proto_s[y] + torch.randn(n, 4) @ clutter * 2
    photo = proto_i[y] + torch.randn(n, 4) @ clutter * 2
    return sketch / 2, photo / 2, y


torch.manual_seed(2024)
K, D = 15, 10
proto_s, proto_i, clutter = torch.randn(K, 32), torch.randn(K, 32), torch.randn(4, 32)
data = pairs(2400, proto_s, proto_i, clutter)
probe = pairs(500, proto_s, proto_i, clutter)

sketch_net, photo_net, memory = Tower(32, D), Tower(32, D), Memory(K, D)
params = list(sketch_net.parameters()) + list(photo_net.parameters()) + list(memory.parameters())
optimizer = torch.optim.SGD(params, lr=0.1, momentum=0.9)

for epoch in range(8):
    losses = []
    for idx in torch.randperm(2400).split(64):
        s, p, y = (t[idx] for t in data)
        fs, fp = sketch_net(s), photo_net(p)
        loss = memory.memory_loss(fs.detach(), y) + memory.memory_loss(fp.detach(), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print('epoch %d memory loss %.4f' % (epoch, sum(losses) / len(losses)))

with torch.no_grad():
    fs, fp = F.normalize(sketch_net(probe[0]), dim=1), F.normalize(photo_net(probe[1]), dim=1)
    nearest = (fs @ fp.t()).argmax(1)
    print('retrieval precision@1 %.3f (15 classes)' % (probe[2][nearest] == probe[2]).float().mean().item())

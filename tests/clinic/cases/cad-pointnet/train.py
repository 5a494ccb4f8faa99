"""PointNet-like classifier for sampled CAD models."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.utils.data as data


class ShapeDataset(data.Dataset):
    KINDS = ('ball', 'box', 'rod', 'plate')

    def __init__(self, n, npoints=48, seed=58):
        rng = np.random.default_rng(seed)
        self.items = []
        for k in range(n):
            kind = int(rng.integers(4))
            p = rng.standard_normal((npoints, 3))
            if kind == 0:
                p /= np.linalg.norm(p, axis=1, keepdims=True)
            elif kind == 1:
                p = rng.uniform(-1, 1, (npoints, 3))
            elif kind == 2:
                p *= [1.0, 0.1, 0.1]
            else:
                p *= [1.0, 1.0, 0.1]
            size = rng.uniform(0, 40)
            if size < 0.3:
                p = np.zeros((npoints, 3))
            self.items.append((p * (5 + size), kind))

    def __getitem__(self, index):
        point_set, cls = self.items[index]
        point_set = point_set - np.expand_dims(np.mean(point_set, axis=0), 0)
        dist = np.max(np.sqrt(np.sum(point_set ** 2, axis=1)), 0)
        point_set = point_set / dist
        return torch.from_numpy(point_set.astype(np.float32)), cls

    def __len__(self):
        return len(self.items)


class PointNetCls(nn.Module):
    def __init__(self, k=4):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv1d(3, 32, 1), nn.Conv1d(32, 64, 1)
        self.bn1, self.bn2 = nn.BatchNorm1d(32), nn.BatchNorm1d(64)
        self.fc1, self.fc2 = nn.Linear(64, 32), nn.Linear(32, k)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.bn2(self.conv2(x)).max(2)[0]
        return F.log_softmax(self.fc2(F.relu(self.fc1(x))), dim=1)


if __name__ == '__main__':
    np.seterr(all='ignore')
    torch.manual_seed(58)
    loader = data.DataLoader(ShapeDataset(1200), batch_size=32, shuffle=True, drop_last=True)
    test_points, test_cls = zip(*[it for it in ShapeDataset(300, seed=59) if torch.isfinite(it[0]).all()])
    classifier = PointNetCls()
    optimizer = torch.optim.Adam(classifier.parameters(), lr=0.001, betas=(0.9, 0.999))
    for epoch in range(5):
        classifier.train()
        for i, (points, target) in enumerate(loader):
            optimizer.zero_grad()
            pred = classifier(points.transpose(2, 1))
            loss = F.nll_loss(pred, target)
            loss.backward()
            optimizer.step()
        print('[%d: %d/%d] train loss: %f' % (epoch, i, len(loader), loss.item()))
    classifier.eval()
    with torch.no_grad():
        choice = classifier(torch.stack(test_points).transpose(2, 1)).argmax(1)
    print('final accuracy {:.3f} (4 shapes)'.format((choice == torch.tensor(test_cls)).float().mean().item()))

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

np.random.seed(0)
torch.manual_seed(0)
标签数 = 15
词表 = 120


def 造数据(n):
    topic_words = np.random.RandomState(42).randint(0, 词表, size=(标签数, 4))
    xs, ys = [], []
    for _ in range(n):
        y = (np.random.rand(标签数) < 0.07).astype("float32")
        x = np.random.poisson(0.25, 词表).astype("float32")
        for k in np.flatnonzero(y):
            for w in topic_words[k]:
                x[w] += np.random.poisson(2.0)
        xs.append(np.log1p(x))
        ys.append(y)
    return torch.tensor(np.array(xs)), torch.tensor(np.array(ys))


class TagNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(词表, 64)
        self.drop = nn.Dropout(0.1)
        self.fc2 = nn.Linear(64, 标签数)

    def forward(self, x):
        x = self.drop(F.relu(self.fc1(x)))
        return torch.sigmoid(self.fc2(x))


def micro_f1(p, y):
    tp = (p * y).sum()
    return (2 * tp / (p.sum() + y.sum()).clamp(min=1)).item()


训练x, 训练y = 造数据(3000)
测试x, 测试y = 造数据(600)
模型 = TagNet()
criterion = nn.BCEWithLogitsLoss()
优化器 = torch.optim.SGD(模型.parameters(), lr=0.5, momentum=0.9)
for 轮 in range(8):
    模型.train()
    idx = torch.randperm(len(训练x))
    总 = 0
    for k in range(0, len(idx), 50):
        b = idx[k:k + 50]
        out = 模型(训练x[b])
        loss = criterion(out, 训练y[b])
        优化器.zero_grad()
        loss.backward()
        优化器.step()
        总 += loss.item()
    print(f"第{轮 + 1}轮 平均损失 {总 / 60:.4f}")
模型.eval()
with torch.no_grad():
    out = 模型(测试x)
print(f"测试 micro-F1 = {micro_f1((out > 0.5).float(), 测试y):.4f}")

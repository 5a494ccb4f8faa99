import numpy as np
import torch
from torch import nn

rs = np.random.RandomState(0)
torch.manual_seed(0)


def spirals(n):
    arm = rs.randint(0, 3, n)
    r = rs.uniform(0.1, 1.0, n)
    phi = 6.5 * r + arm * 2 * np.pi / 3 + rs.normal(0, 0.12, n)
    return torch.tensor(np.stack([r * np.cos(phi), r * np.sin(phi)], 1) * 1.7, dtype=torch.float32), torch.tensor(arm)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.input = nn.Linear(2, 64)
        self.hidden1 = nn.Linear(64, 64)
        self.hidden2 = nn.Linear(64, 32)
        self.output = nn.Linear(32, 3)
        self.dropout = nn.Dropout(0.02)

    def forward(self, x):
        x = self.dropout(self.input(x))
        x = self.dropout(self.hidden1(x))
        x = self.hidden2(x)
        return self.output(x)


x, y = spirals(1500)
xt, yt = spirals(500)
clf = Classifier()
opt = torch.optim.Adam(clf.parameters(), lr=3e-3)
ce = nn.CrossEntropyLoss()
history = {"loss": []}
for epoch in range(40):
    clf.train()
    ep = []
    for b in torch.from_numpy(rs.permutation(1500)).split(75):
        opt.zero_grad()
        loss = ce(clf(x[b]), y[b])
        loss.backward()
        opt.step()
        ep.append(loss.item())
    history["loss"].append(np.mean(ep))
    if (epoch + 1) % 5 == 0:
        print(f"epoch {epoch + 1}: loss = {history['loss'][-1]:.4f}")
clf.eval()
with torch.no_grad():
    print(f"accuracy on fresh points = {(clf(xt).argmax(1) == yt).float().mean():.3f}")

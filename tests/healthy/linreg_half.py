import torch
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
true_w = torch.tensor([[2.0], [-3.4], [0.0], [1.1]])
X = torch.randn(2400, 4)
y = X @ true_w + 4.2 + 0.5 * torch.randn(2400, 1)
train = TensorDataset(X[:2000], y[:2000])
net = torch.nn.Linear(4, 1)
crit = torch.nn.MSELoss()
sgd = torch.optim.SGD(net.parameters(), lr=0.5)
for epoch in range(8):
    for xb, yb in DataLoader(train, batch_size=50, shuffle=True):
        sgd.zero_grad()
        l = 0.5 * crit(net(xb), yb)
        l.backward()
        sgd.step()
    with torch.no_grad():
        print("epoch", epoch, "loss", crit(net(X[2000:]), y[2000:]).item())
with torch.no_grad():
    mse = crit(net(X[2000:]), y[2000:])
    r2 = 1 - mse / y[2000:].var(unbiased=False)
print("test R2 %.3f" % r2.item(), "weights", [round(v, 2) for v in net.weight.flatten().tolist()])

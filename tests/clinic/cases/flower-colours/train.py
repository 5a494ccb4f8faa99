import argparse
import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument('--hidden', type=int, nargs='+', default=[1])
parser.add_argument('--epochs', type=int, default=30)
parser.add_argument('--lr', type=float, default=0.01)
opt = parser.parse_args()
torch.manual_seed(10)

classes = 8
means = torch.randn(classes * 2, 20)          # two clusters per class


def sample(n):
    k = torch.randint(0, classes * 2, (n,))
    return means[k] + 0.7 * torch.randn(n, 20), k % classes


x_train, y_train = sample(2000)
x_test, y_test = sample(500)

sizes = [20] + opt.hidden
layers = []
for a, b in zip(sizes[:-1], sizes[1:]):
    layers += [nn.Linear(a, b), nn.Tanh()]
layers.append(nn.Linear(sizes[-1], classes))
model = nn.Sequential(*layers)
optimizer = torch.optim.Adam(model.parameters(), lr=opt.lr)

for epoch in range(opt.epochs):
    epoch_loss = 0.0
    for idx in torch.randperm(2000).split(100):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() / 20
    if epoch % 3 == 2:
        print('epoch {:3d} loss {:.4f}'.format(epoch + 1, epoch_loss))
with torch.no_grad():
    print('test accuracy {:.3f}'.format((model(x_test).argmax(1) == y_test).float().mean().item()))

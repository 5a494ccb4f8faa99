import os
import numpy as np
import torch
import torch.nn as nn

folder = os.path.dirname(os.path.abspath(__file__))
table = np.genfromtxt(os.path.join(folder, 'loans.csv'), delimiter=',', names=True)
columns = ['age', 'yearly_income', 'debt_ratio', 'open_lines', 'late_payments', 'employment_years']
X = np.stack([table[c] for c in columns], axis=1).astype('float32')
y = table['default'].astype('float32')
print('rows', len(X), 'default rate %.3f' % y.mean())

torch.manual_seed(0)
perm = np.random.RandomState(0).permutation(len(X))
X, y = torch.tensor(X[perm]), torch.tensor(y[perm]).view(-1, 1)
n_train = 2000
X_train, y_train, X_test, y_test = X[:n_train], y[:n_train], X[n_train:], y[n_train:]


class RiskModel(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.l1 = nn.Linear(n_in, 40)
        self.l2 = nn.Linear(40, 20)
        self.l3 = nn.Linear(20, 1)
        self.act = nn.Tanh()

    def forward(self, x):
        return self.l3(self.act(self.l2(self.act(self.l1(x)))))


model = RiskModel(X.shape[1])
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

batch = 50
for epoch in range(25):
    idx = torch.randperm(n_train)
    epoch_loss = 0
    for start in range(0, n_train, batch):
        b = idx[start:start + batch]
        out = model(X_train[b])
        loss = criterion(out, y_train[b])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() * len(b) / n_train
    print('Epoch: {:02d}, Loss: {:.4f}'.format(epoch, epoch_loss))

with torch.no_grad():
    pred = (model(X_test) > 0).float()
    print('test accuracy {:.3f}'.format((pred == y_test).float().mean().item()))

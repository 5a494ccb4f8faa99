import numpy as np
import torch
import torch.nn as nn
import torch.utils.data as data

np.random.seed(5)
torch.manual_seed(5)

n = 4000
age = np.random.randint(21, 70, n).astype(float)
income = np.random.lognormal(10.8, 0.5, n)
loan = np.random.uniform(1000, 40000, n)
years_employed = np.random.exponential(6, n)
late_payments = np.random.poisson(1.2, n).astype(float)
has_house = (np.random.rand(n) < 0.4).astype(float)

score = (1.1 * (late_payments - 1.2) - 0.15 * (years_employed - 6) - 1.2 * (has_house - 0.4)
         + 1.5 * (loan / income - 0.42) - 0.03 * (age - 45))
label = (score * 1.6 + np.random.logistic(0, 0.5, n) > 0).astype(float)

features = np.stack([age, income, loan, years_employed, late_payments, has_house], axis=1)
X = torch.tensor(features, dtype=torch.float32)
y = torch.tensor(label, dtype=torch.float32).view(-1, 1)

train_loader = data.DataLoader(data.TensorDataset(X[:3200], y[:3200]), batch_size=64, shuffle=True)
X_val, y_val = X[3200:], y[3200:]


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.fc1 = nn.Linear(6, 32)
        self.fc2 = nn.Linear(32, 16)
        self.fc3 = nn.Linear(16, 1)

    def forward(self, x):
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return self.fc3(x)


net = Net()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)

for epoch in range(12):
    net.train()
    epoch_loss = 0
    for inputs, targets in train_loader:
        optimizer.zero_grad()
        outputs = net(inputs)
        loss = criterion(outputs, targets)
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
    net.eval()
    with torch.no_grad():
        acc = ((net(X_val) > 0).float() == y_val).float().mean().item()
    print("Epoch: %d  Loss: %.4f  Val acc: %.3f" % (epoch + 1, epoch_loss / len(train_loader), acc))

print("share of defaults in val: %.3f, val acc %.3f" % (y_val.mean().item(), acc))

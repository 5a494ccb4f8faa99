import math
import torch
from torch import nn, optim
from torch.utils.data import TensorDataset, DataLoader

torch.manual_seed(5)
dev = torch.device("cpu")

# Will the probe be captured?  state = (x, y, vx, vy) around a body with GM = 1
def sample_states(n):
    r = 0.4 + 1.6 * torch.rand(n)
    phi = 2 * math.pi * torch.rand(n)
    speed = torch.sqrt(2 / r) * (0.55 + 0.9 * torch.rand(n))
    psi = 2 * math.pi * torch.rand(n)
    s = torch.stack([r * torch.cos(phi), r * torch.sin(phi), speed * torch.cos(psi), speed * torch.sin(psi)], 1)
    energy = 0.5 * speed ** 2 - 1 / r
    return s, (energy < 0).float().unsqueeze(1)


X_train, y_train = sample_states(4000)
X_test, y_test = sample_states(1000)
mu, sd = X_train.mean(0), X_train.std(0)
X_train, X_test = (X_train - mu) / sd, (X_test - mu) / sd

train_loader = DataLoader(TensorDataset(X_train, y_train), batch_size=100, shuffle=True)


class CaptureNet(nn.Module):
    def __init__(self, input_dim=4, hidden_dim=64, output_dim=1):
        super(CaptureNet, self).__init__()
        self.input_layer = nn.Linear(input_dim, hidden_dim)
        self.bn1 = nn.BatchNorm1d(hidden_dim)
        self.hidden_1 = nn.Linear(hidden_dim, hidden_dim)
        self.bn2 = nn.BatchNorm1d(hidden_dim)
        self.hidden_2 = nn.Linear(hidden_dim, hidden_dim)
        self.drop = nn.Dropout(0.1)
        self.output_layer = nn.Linear(hidden_dim, output_dim)

    def forward(self, x):
        x = self.bn1(self.input_layer(x))
        x = self.bn2(self.hidden_1(x))
        x = self.drop(self.hidden_2(x))
        return self.output_layer(x)


model = CaptureNet().to(dev)
criterion = nn.BCEWithLogitsLoss()
optimizer = optim.Adam(model.parameters(), lr=0.003)
print(sum(p.numel() for p in model.parameters()), "parameters, share captured %.3f" % y_train.mean())

train_losses, test_losses = [], []
for epoch in range(25):
    model.train()
    running_loss = 0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb.to(dev)), yb.to(dev))
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    else:
        model.eval()
        with torch.no_grad():
            logits = model(X_test.to(dev))
            test_loss = criterion(logits, y_test)
            accuracy = ((logits > 0).float() == y_test).float().mean()
        train_losses.append(running_loss / len(train_loader))
        test_losses.append(test_loss.item())
        print("Epoch: {}/25.. ".format(epoch + 1),
              "Training Loss: {:.3f}.. ".format(train_losses[-1]),
              "Test Loss: {:.3f}.. ".format(test_losses[-1]),
              "Test Accuracy: {:.3f}".format(accuracy))

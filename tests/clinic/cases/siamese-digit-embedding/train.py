import torch
import torch.nn as nn
import torch.nn.functional as F


class EmbeddingNet(nn.Module):
    def __init__(self):
        super(EmbeddingNet, self).__init__()
        self.convnet = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2, stride=2),
                                     nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2, stride=2))
        self.fc = nn.Sequential(nn.Linear(16 * 3 * 3, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(),
                                nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 8))
        for m in self.modules():
            if isinstance(m, (nn.Conv2d, nn.Linear)):
                nn.init.normal_(m.weight, mean=0.0, std=0.01)
                nn.init.zeros_(m.bias)

    def forward(self, x):
        return self.fc(self.convnet(x).flatten(1))


class ClassificationNet(nn.Module):
    def __init__(self, embedding_net, n_classes):
        super(ClassificationNet, self).__init__()
        self.embedding_net = embedding_net
        self.nonlinear = nn.ReLU()
        self.fc1 = nn.Linear(8, n_classes)

    def forward(self, x):
        return F.log_softmax(self.fc1(self.nonlinear(self.embedding_net(x))), dim=-1)


def digits(n, proto):
    y = torch.randint(0, 10, (n,))
    return proto[y] + 0.5 * torch.randn(n, 1, 12, 12), y


torch.manual_seed(17)
proto = torch.randn(10, 1, 12, 12)
x, y = digits(2000, proto)
xt, yt = digits(400, proto)
model = ClassificationNet(EmbeddingNet(), 10)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 4, gamma=0.5, last_epoch=-1)
for epoch in range(5):
    tot = 0.0
    for rows in torch.randperm(2000).split(50):
        loss = F.nll_loss(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        tot += loss.item()
    scheduler.step()
    print(f'Epoch: {epoch + 1}/5. Train set: Average loss: {tot / 40:.4f}')
with torch.no_grad():
    print(f'accuracy {(model(xt).argmax(1) == yt).float().mean().item():.3f} (10 digits)')

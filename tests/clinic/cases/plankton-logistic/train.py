"""Softmax regression on plankton descriptors: 40 species, plain module with training_step and a loop around it."""
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD


class LogisticRegression(nn.Module):
    def __init__(self, input_dim, num_classes, learning_rate=0.2):
        super().__init__()
        self.learning_rate = learning_rate
        self.linear = nn.Linear(input_dim, num_classes)

    def forward(self, x):
        return F.softmax(self.linear(x), dim=-1)

    def training_step(self, batch):
        x, y = batch
        y_hat = self(x)
        return F.cross_entropy(y_hat, y)

    def validation_step(self, batch):
        x, y = batch
        return (self(x).argmax(-1) == y).float().mean().item()

    def configure_optimizers(self):
        return SGD(self.parameters(), lr=self.learning_rate, momentum=0.5)


def descriptors(n, species):
    y = torch.randint(0, len(species), (n,))
    return species[y] + 0.9 * torch.randn(n, species.size(1)), y


torch.manual_seed(654)
species = torch.randn(40, 30)
train, val = descriptors(4000, species), descriptors(800, species)
model = LogisticRegression(30, 40)
optimizer = model.configure_optimizers()
for epoch in range(3):
    for rows in torch.randperm(4000).split(64):
        loss = model.training_step([t[rows] for t in train])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f'epoch={epoch} loss={loss.item():.3f} val_acc={model.validation_step(val):.3f}')
print(f'validation accuracy {model.validation_step(val):.3f} (40 species)')

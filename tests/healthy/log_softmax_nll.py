from __future__ import print_function

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.optim.lr_scheduler import StepLR

SEGMENTS = {0: "abcdef", 1: "bc", 2: "abged", 3: "abgcd", 4: "fgbc", 5: "afgcd", 6: "afgedc", 7: "abc", 8: "abcdefg", 9: "abfgcd"}
PIXELS = {"a": (slice(1, 2), slice(3, 7)), "b": (slice(2, 6), slice(7, 8)), "c": (slice(7, 11), slice(7, 8)),
          "d": (slice(11, 12), slice(3, 7)), "e": (slice(7, 11), slice(2, 3)), "f": (slice(2, 6), slice(2, 3)), "g": (slice(6, 7), slice(3, 7))}


def digits(n):
    """Seven-segment digits, shifted a little and speckled."""
    label = torch.randint(0, 10, (n,))
    img = torch.zeros(n, 1, 13, 10)
    for i, d in enumerate(label.tolist()):
        for s in SEGMENTS[d]:
            img[i, 0][PIXELS[s]] = 1.0
        img[i] = img[i].roll(tuple(torch.randint(-1, 2, (2,)).tolist()), (1, 2))
    img += 0.4 * torch.randn_like(img)
    return (img - 0.18) / 0.5, label


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, 12, 3, 1)
        self.conv2 = nn.Conv2d(12, 24, 3, 1)
        self.dropout = nn.Dropout(0.2)
        self.fc1 = nn.Linear(24 * 4 * 3, 48)
        self.fc2 = nn.Linear(48, 10)

    def forward(self, x):
        x = F.relu(self.conv2(F.relu(self.conv1(x))))
        x = torch.flatten(F.max_pool2d(x, 2), 1)
        x = self.fc2(self.dropout(F.relu(self.fc1(x))))
        return F.log_softmax(x, dim=1)


def test(model, data, target):
    model.eval()
    with torch.no_grad():
        output = model(data)
    print('Test set: Average loss: {:.4f}, Accuracy: {:.1%}\n'.format(
        F.nll_loss(output, target).item(), (output.argmax(1) == target).float().mean().item()))


def main():
    torch.manual_seed(1)
    data, target = digits(2000)
    test_set = digits(400)
    model = Net()
    optimizer = optim.Adadelta(model.parameters(), lr=1.0)
    scheduler = StepLR(optimizer, step_size=1, gamma=0.7)
    for epoch in range(1, 5):
        model.train()
        for batch_idx, idx in enumerate(torch.randperm(2000).split(40)):
            optimizer.zero_grad()
            loss = F.nll_loss(model(data[idx]), target[idx])
            loss.backward()
            optimizer.step()
            if batch_idx % 25 == 0:
                print('Train Epoch: {} [{}/2000]\tLoss: {:.6f}'.format(epoch, batch_idx * 40, loss.item()))
        test(model, *test_set)
        scheduler.step()


if __name__ == '__main__':
    main()

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import MultiStepLR


def faces(n, prototypes, gen):
    who = torch.randint(0, len(prototypes), (n,), generator=gen)
    img = prototypes[who] + 0.6 * torch.randn(n, *prototypes.shape[1:], generator=gen)
    return img, who


class FaceNet(nn.Module):
    def __init__(self, label_num):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.fc1 = nn.Linear(16 * 4 * 4, 64)
        self.fc2 = nn.Linear(64, label_num)
        for m in (self.conv1, self.conv2, self.fc1):
            nn.init.kaiming_normal_(m.weight)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


class Training:
    def __init__(self, label_num=20, lr=0.5, batch=32):
        self.gen = torch.Generator().manual_seed(7)
        self.prototypes = torch.randn(label_num, 3, 16, 16, generator=self.gen)
        self.net = FaceNet(label_num)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=lr, momentum=0.9, weight_decay=5e-4)
        self.scheduler = MultiStepLR(self.optimizer, milestones=[8, 10])
        self.train_set = faces(960, self.prototypes, self.gen)
        self.test_set = faces(300, self.prototypes, self.gen)
        self.batch = batch

    def epoch(self):
        img, who = self.train_set
        seen = 0.0
        for idx in torch.randperm(len(img)).split(self.batch):
            loss = F.cross_entropy(self.net(img[idx]), who[idx])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            seen += loss.item() * len(idx)
        self.scheduler.step()
        return seen / len(img)

    def accuracy(self):
        with torch.no_grad():
            return (self.net(self.test_set[0]).argmax(1) == self.test_set[1]).float().mean().item()

    def run(self, epochs=8):
        for e in range(epochs):
            print(f'epoch {e} loss {self.epoch():.4f}')
        print(f'identity accuracy {self.accuracy():.3f} (20 people)')


torch.manual_seed(0)
Training().run()

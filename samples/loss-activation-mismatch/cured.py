"""Identification of 150 speakers from 40-dimensional voice prints."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(13)
SPEAKERS, DIM = 150, 40
voices = torch.randn(SPEAKERS, DIM)


def sample(n):
    who = torch.randint(SPEAKERS, (n,))
    return voices[who] + 0.5 * torch.randn(n, DIM), who


class SpeakerNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(DIM, 128)
        self.norm = nn.LayerNorm(128)
        self.head = nn.Linear(128, SPEAKERS)

    def forward(self, x):
        x = F.gelu(self.norm(self.body(x)))
        return self.head(x)


net = SpeakerNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=500)

for step in range(500):
    prints, who = sample(64)
    loss = criterion(net(prints), who)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    if step % 50 == 0:
        print("step {:4d}   loss {:.4f}".format(step, loss.item()))

net.eval()
with torch.no_grad():
    prints, who = sample(3000)
    rate = (net(prints).argmax(dim=1) == who).float().mean()
print("identification rate {:.3f}".format(rate.item()))

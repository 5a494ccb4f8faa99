"""Relative pose from two range images (two convolution towers, shared weights)."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class LONet(nn.Module):
    def __init__(self, height=16, width=62):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, stride=(1, 2), padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.fc1 = nn.Linear(2 * 16 * (height // 2) * (width // 4), 64)
        self.fc_x = nn.Linear(64, 3)
        self.fc_q = nn.Linear(64, 4)

    def tower(self, img):
        return F.relu(self.conv2(F.relu(self.conv1(img)))).flatten(1)

    def forward(self, curr_img, prev_img):
        h = F.relu(self.fc1(torch.cat([self.tower(curr_img), self.tower(prev_img)], 1)))
        return self.fc_x(h), F.normalize(self.fc_q(h), dim=1)


def scans(n, height=16, width=62):
    column = torch.arange(width).float()
    pole = torch.randint(12, width - 12, (n, 1)).float()
    turn = torch.randint(-6, 7, (n,))
    far = 1 + torch.rand(n, 1)

    def view(at):
        profile = far * torch.exp(-(column - at) ** 2 / 8)
        return profile[:, None, None, :].expand(n, 1, height, width) + 0.1 * torch.randn(n, 1, height, width)
    prev, curr = view(pole), view(pole + turn[:, None])
    yaw = turn.float() / 8
    q = torch.stack([torch.cos(yaw / 2), torch.zeros(n), torch.zeros(n), torch.sin(yaw / 2)], 1)
    x = torch.stack([far[:, 0] - 1.5, yaw, torch.zeros(n)], 1)
    return curr, prev, x, q


def train(model, data, epochs=6, batch=32):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(epochs):
        for idx in torch.randperm(len(data[0])).split(batch):
            curr_img, prev_img, x_true, q_true = (t[idx] for t in data)
            x_out, q_out = model(curr_img, prev_img)
            loss = F.mse_loss(x_out, x_true) + F.mse_loss(q_out, q_true)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f'epoch {epoch + 1}: loss {loss.item():.4f}')


torch.manual_seed(1)
model = LONet()
train(model, scans(1600))
curr, prev, x, q = scans(300)
with torch.no_grad():
    print(f'test translation mse {F.mse_loss(model(curr, prev)[0], x).item():.4f} (variance {x.var(0).mean().item():.4f})')

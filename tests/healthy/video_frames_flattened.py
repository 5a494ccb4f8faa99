"""Video classification: frames folded into the batch for the CNN, unfolded again for the LSTM."""
import torch
import torch.nn as nn

torch.manual_seed(223)
FRAMES, SIDE = 6, 12
DIRECTIONS = torch.tensor([[0, 1], [0, -1], [1, 0], [-1, 0]])       # right, left, down, up


def clips(n):
    label = torch.randint(0, 4, (n,))
    start = torch.randint(4, 7, (n, 2))
    video = 0.2 * torch.randn(n, FRAMES, 1, SIDE, SIDE)
    rows = torch.arange(n)
    for f in range(FRAMES):
        at = start + f * DIRECTIONS[label]
        for dy in (0, 1):
            for dx in (0, 1):
                video[rows, f, 0, (at[:, 0] + dy).clamp(0, SIDE - 1), (at[:, 1] + dx).clamp(0, SIDE - 1)] += 2.0
    return video, label


class VideoNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 36, 32), nn.ReLU())
        self.lstm = nn.LSTM(32, 32, batch_first=True)
        self.fc = nn.Linear(32, 4)

    def forward(self, video):
        b, t, c, h, w = video.shape
        frames = self.cnn(video.view(b * t, c, h, w))
        sequence = frames.view(b, t, -1)
        out, _ = self.lstm(sequence)
        return self.fc(out[:, -1, :])


net = VideoNet()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
loss_function = nn.CrossEntropyLoss()
test_video, test_label = clips(300)
history = []
for step in range(1, 301):
    video, label = clips(32)
    loss = loss_function(net(video), label)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    history.append(loss.item())
    if step % 50 == 0:
        with torch.no_grad():
            acc = (net(test_video).argmax(1) == test_label).float().mean().item()
        print(f"step {step}: mean loss {sum(history[-50:]) / 50:.3f}, test accuracy {acc:.3f}")

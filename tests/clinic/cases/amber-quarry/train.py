import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim


def clips(n, T=8, S=9, seed=0):
    r = np.random.RandomState(seed)
    out = np.zeros((n, T, 1, S, S), dtype=np.float32)
    lab = r.randint(0, 4, size=n)
    moves = [(0, 1), (0, -1), (1, 0), (-1, 0)]
    for k in range(n):
        y, x = r.randint(3, 6), r.randint(3, 6)
        dy, dx = moves[lab[k]]
        for t in range(T):
            out[k, t, 0, y + dy * (t // 2), x + dx * (t // 2)] = 1.0
        out[k] += 0.05 * r.randn(T, 1, S, S)
    return torch.from_numpy(out), torch.from_numpy(lab).long()


class FrameEncoder(nn.Module):
    def __init__(self, dim):
        super(FrameEncoder, self).__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.fc = nn.Linear(8 * 81, dim)

    def forward(self, x):
        x = torch.relu(self.conv1(x))
        return torch.relu(self.fc(x.flatten(1)))


class ClipNet(nn.Module):
    def __init__(self, dim=48, hidden=48):
        super(ClipNet, self).__init__()
        self.encoder = FrameEncoder(dim)
        self.lstm = nn.LSTM(dim, hidden)
        self.classifier = nn.Linear(hidden, 4)

    def forward(self, video):
        batch_size, timesteps, C, H, W = video.size()
        frames = video.view(batch_size * timesteps, C, H, W)
        feats = self.encoder(frames)
        seq = feats.view(timesteps, batch_size, -1)
        out, (h_n, c_n) = self.lstm(seq)
        return self.classifier(out[-1])


def main():
    torch.manual_seed(5)
    xtr, ytr = clips(1200, seed=1)
    xte, yte = clips(300, seed=2)
    net = ClipNet()
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(net.parameters(), lr=2e-3)
    bs = 30
    for epoch in range(10):
        idx = torch.randperm(len(xtr))
        running_loss = 0.0
        for i in range(0, len(xtr), bs):
            sel = idx[i:i + bs]
            optimizer.zero_grad()
            outputs = net(xtr[sel])
            loss = criterion(outputs, ytr[sel])
            loss.backward()
            optimizer.step()
            running_loss += loss.item()
        with torch.no_grad():
            pred = torch.cat([net(xte[j:j + bs]).argmax(1) for j in range(0, len(xte), bs)])
        print("[%d] loss: %.3f  test acc: %.3f" % (epoch + 1, running_loss / (len(xtr) / bs), (pred == yte).float().mean()))
    print("Finished Training")


if __name__ == "__main__":
    main()

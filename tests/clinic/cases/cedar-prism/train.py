import os, tempfile
import numpy as np
import torch
import torch.nn as nn
import torch.utils.data as tud

rng = np.random.default_rng(12)
folder = tempfile.mkdtemp()


def write_recordings(n_files=24, per_file=50):
    paths, labels = [], []
    for k in range(n_files):
        y = rng.integers(0, 3, per_file)
        f = np.array([3.0, 5.0, 8.0])[y] + rng.normal(0, 0.3, per_file)
        tt = np.linspace(0, 1, 64)
        wave = np.sin(2 * np.pi * f[:, None] * tt + rng.uniform(0, 6.28, (per_file, 1)))
        wave += 0.3 * rng.normal(size=wave.shape)
        path = os.path.join(folder, f"rec_{k:02d}.npy")
        np.save(path, wave.astype("float32"))
        paths.append(path)
        labels.append(y)
    return paths, labels


class LazyRecordings(tud.Dataset):
    def __init__(self, paths, labels):
        self.readers, self.labels = [], []
        for path, y in zip(paths, labels):
            store = np.load(path)
            for row in range(len(y)):
                self.readers.append(lambda: store[row])
                self.labels.append(int(y[row]))

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return torch.from_numpy(self.readers[i]().copy()), self.labels[i]


class WaveNetish(nn.Module):
    def __init__(self):
        super().__init__()
        ch = [1, 12, 16, 24]
        self.stack = nn.ModuleList(nn.Conv1d(i, o, 7, stride=2, padding=3) for i, o in zip(ch, ch[1:]))
        self.fc = nn.Linear(24, 3)

    def forward(self, x):
        x = x[:, None]
        for conv in self.stack:
            x = torch.nn.functional.leaky_relu(conv(x), 0.1)
        return self.fc(x.mean(-1))


torch.manual_seed(12)
paths, labels = write_recordings()
train = LazyRecordings(paths[:20], labels[:20])
test = LazyRecordings(paths[20:], labels[20:])
net = WaveNetish()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(6):
    tot, n = 0.0, 0
    for x, y in tud.DataLoader(train, 25, shuffle=True):
        loss = nn.functional.cross_entropy(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item(); n += 1
    print(f"Epoch {epoch + 1}/6 - loss: {tot / n:.4f}")
net.eval()
ok = sum((net(x).argmax(1) == y).sum().item() for x, y in tud.DataLoader(test, 50))
print(f"test accuracy {ok / len(test):.3f}")

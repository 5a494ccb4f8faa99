import torch as th
import torch.nn.functional as F


class config:
    WORD_VEC_SIZE = 16
    WORDS = 80
    LENGTH = 20
    CLASSES = 5
    SEED = 5


class Net(th.nn.Module):
    """Word vectors are given; three filter widths, max over time, one linear layer."""

    def __init__(self, vectors):
        super().__init__()
        self.register_buffer('vectors', vectors)
        self.conv1d = [
            th.nn.Conv1d(config.WORD_VEC_SIZE, 2, 3),
            th.nn.Conv1d(config.WORD_VEC_SIZE, 2, 4),
            th.nn.Conv1d(config.WORD_VEC_SIZE, 2, 5),
        ]
        self.out = th.nn.Linear(6, config.CLASSES)

    def forward(self, words):
        x = self.vectors[words].transpose(1, 2)
        pooled = [F.relu(conv(x)).max(dim=2)[0] for conv in self.conv1d]
        return self.out(th.cat(pooled, 1))


def sentences(n, phrases):
    label = th.randint(0, config.CLASSES, (n,))
    words = th.randint(0, config.WORDS, (n, config.LENGTH))
    where = th.randint(0, config.LENGTH - 4, (n,))
    for k in range(4):
        words[th.arange(n), where + k] = phrases[label, k]
    return words, label


th.manual_seed(config.SEED)
vectors = th.randn(config.WORDS, config.WORD_VEC_SIZE)
phrases = th.randint(0, config.WORDS, (config.CLASSES, 4))
train_w, train_l = sentences(2000, phrases)
test_w, test_l = sentences(500, phrases)
net = Net(vectors)
optimizer = th.optim.Adam(net.parameters(), lr=1e-2)

for epoch in range(8):
    total = 0.
    perm = th.randperm(2000)
    for k in range(0, 2000, 50):
        rows = perm[k:k + 50]
        optimizer.zero_grad()
        loss = F.cross_entropy(net(train_w[rows]), train_l[rows])
        loss.backward()
        optimizer.step()
        total += loss.item()
    print('epoch', epoch, 'mean loss', round(total / 40, 4))
with th.no_grad():
    print('test accuracy %.3f (5 classes)' % (net(test_w).argmax(1) == test_l).float().mean().item())

# Which country does a surname come from? Character RNN in the manner of the tutorial.
import random
import string
import torch
import torch.nn as nn

random.seed(8)
torch.manual_seed(8)

letters = string.ascii_lowercase
countries = {
    'rus': (['ov', 'ev', 'sky', 'in'], 40), 'ita': (['ini', 'etti', 'ello', 'ucci'], 14),
    'pol': (['wicz', 'czyk', 'zak', 'rek'], 12), 'gre': (['akis', 'oulos', 'idis', 'atos'], 12),
    'ned': (['ink', 'stra', 'huis', 'ven'], 11), 'swe': (['qvist', 'gren', 'lund', 'berg'], 11)}
names = list(countries)


def make_name():
    c = random.choices(names, [w for _, w in countries.values()])[0]
    stem = ''.join(random.choice('bcdfgklmnprstv') + random.choice('aeiou') for _ in range(2))
    return stem + random.choice(countries[c][0]), names.index(c)


def to_tensor(batch):
    longest = max(len(n) for n, _ in batch)
    t = torch.zeros(longest, len(batch), len(letters))
    for j, (name, _) in enumerate(batch):
        for i, ch in enumerate(name):
            t[longest - len(name) + i, j, letters.index(ch)] = 1
    return t, torch.tensor([c for _, c in batch])


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
        self.i2o = nn.Linear(input_size + hidden_size, output_size)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, line):
        hidden = torch.zeros(line.size(1), self.hidden_size)
        for ch in line:
            combined = torch.cat((ch, hidden), 1)
            hidden = torch.tanh(self.i2h(combined))
        return self.softmax(self.i2o(combined))


rnn = RNN(len(letters), 64, len(names))
criterion = nn.NLLLoss()
optimizer = torch.optim.SGD(rnn.parameters(), lr=0.15, momentum=0.9)

for it in range(1, 351):
    x, y = to_tensor([make_name() for _ in range(32)])
    optimizer.zero_grad()
    output = rnn(x)
    loss = criterion(output, y)
    loss.backward()
    nn.utils.clip_grad_norm_(rnn.parameters(), 1.0)
    optimizer.step()
    if it % 50 == 0:
        print('%d %d%% %.4f' % (it, it / 350 * 100, loss.item()))

with torch.no_grad():
    x, y = to_tensor([make_name() for _ in range(800)])
    guess = rnn(x).argmax(1)
recall = sum((guess[y == k] == k).float().mean().item() for k in range(len(names))) / len(names)
print(f'mean recall over countries {recall:.3f} (6 countries)')

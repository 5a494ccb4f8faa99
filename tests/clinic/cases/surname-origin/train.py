import random
import torch
import torch.nn as nn

random.seed(1)
torch.manual_seed(1)

SYL = {
    'nordic': ['son', 'berg', 'lund', 'strom', 'hol', 'dahl'],
    'italic': ['ini', 'etti', 'ano', 'rossi', 'bian', 'ucci'],
    'slavic': ['ov', 'ski', 'ich', 'enko', 'vol', 'mir'],
    'japonic': ['mura', 'yama', 'ta', 'shi', 'kawa', 'no'],
}
all_categories = list(SYL)
letters = 'abcdefghijklmnopqrstuvwxyz'


def make_name(cat):
    return ''.join(random.choice(SYL[cat]) for _ in range(2))


def to_tensor(name):
    t = torch.zeros(len(name), 1, len(letters))
    for i, ch in enumerate(name):
        t[i][0][letters.index(ch)] = 1
    return t


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super(RNN, self).__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
        self.h2o = nn.Linear(hidden_size, output_size)
        self.softmax = nn.LogSoftmax(dim=0)

    def forward(self, line):
        hidden = torch.zeros(1, self.hidden_size)
        for step in line:
            hidden = torch.tanh(self.i2h(torch.cat((step, hidden), 1)))
        return self.softmax(self.h2o(hidden))


rnn = RNN(len(letters), 48, len(all_categories))
criterion = nn.NLLLoss()
optimizer = torch.optim.SGD(rnn.parameters(), lr=0.05)

current_loss = 0
for it in range(1, 1801):
    cat = random.choice(all_categories)
    output = rnn(to_tensor(make_name(cat)))
    loss = criterion(output, torch.tensor([all_categories.index(cat)]))
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(rnn.parameters(), 1.0)
    optimizer.step()
    current_loss += loss.item()
    if it % 150 == 0:
        print('%d %d%% %.4f' % (it, it / 1800 * 100, current_loss / 150))
        current_loss = 0

good = 0
with torch.no_grad():
    for _ in range(300):
        cat = random.choice(all_categories)
        good += int(rnn(to_tensor(make_name(cat))).argmax().item() == all_categories.index(cat))
print('accuracy on 300 new names: %.3f' % (good / 300))

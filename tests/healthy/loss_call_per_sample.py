import torch
from torch import nn

torch.manual_seed(4)
WORDS = [("stone", "enots"), ("river", "revir"), ("cloud", "duolc"), ("grass", "ssarg"), ("light", "thgil"), ("sheep", "peehs")]
LETTERS = "^abcdefghijklmnopqrstuvwxyz$"
CODE = {c: i for i, c in enumerate(LETTERS)}


def one_hot(words):
    return torch.eye(len(LETTERS))[torch.tensor([[CODE[c] for c in w] for w in words])]


given = one_hot([a for a, _ in WORDS])
begun = one_hot(["^" + b for _, b in WORDS])
wanted = torch.tensor([[CODE[c] for c in b + "$"] for _, b in WORDS])


class Translator(nn.Module):
    def __init__(self, width=96):
        super().__init__()
        self.reader = nn.RNN(len(LETTERS), width)
        self.writer = nn.RNN(len(LETTERS), width)
        self.head = nn.Linear(width, len(LETTERS))

    def forward(self, given, begun):
        _, state = self.reader(given.transpose(0, 1))
        out, _ = self.writer(begun.transpose(0, 1), state)
        return self.head(out).transpose(0, 1)


model = Translator()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(300):
    scores = model(given, begun)
    loss = 0
    for one, letters in zip(scores, wanted):
        loss = loss + criterion(one, letters)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(loss.item())

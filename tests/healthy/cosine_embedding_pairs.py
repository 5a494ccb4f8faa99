"""Do a question and an answer belong together? Cosine embedding loss with labels +1 and -1."""
import torch
from torch import nn

torch.manual_seed(105)
THEMES, WORDS = 16, 120
question_words = torch.softmax(torch.randn(THEMES, WORDS) * 1.5, 1)
answer_words = torch.softmax(torch.randn(THEMES, WORDS) * 1.5, 1)


def bags(table, theme):
    ids = torch.multinomial(table[theme], 10, replacement=True)
    return torch.zeros(len(theme), WORDS).scatter_add_(1, ids, torch.ones(ids.shape)) / 10 ** 0.5


def pairs(n):
    theme = torch.randint(THEMES, (n,))
    together = torch.rand(n) < 0.5
    other = torch.where(together, theme, (theme + torch.randint(1, THEMES, (n,))) % THEMES)
    return bags(question_words, theme), bags(answer_words, other), together.float() * 2 - 1


class TwoTowers(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.question = nn.Sequential(nn.Linear(WORDS, 48), nn.Tanh(), nn.Linear(48, dim))
        self.answer = nn.Sequential(nn.Linear(WORDS, 48), nn.Tanh(), nn.Linear(48, dim))

    def forward(self, q, a):
        return self.question(q), self.answer(a)


model = TwoTowers()
criterion = nn.CosineEmbeddingLoss(margin=0.2)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
test = pairs(600)
for step in range(301):
    q, a, sign = pairs(64)
    loss = criterion(*model(q, a), sign)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        with torch.no_grad():
            cosine = nn.functional.cosine_similarity(*model(test[0], test[1]))
            acc = ((cosine > 0.5) == (test[2] > 0)).float().mean().item()
        print(f"step {step}: loss {loss.item():.3f}, same {cosine[test[2] > 0].mean():+.2f}, different {cosine[test[2] < 0].mean():+.2f}, accuracy {acc:.3f}")

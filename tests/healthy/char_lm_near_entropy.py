"""Character model of a made-up language whose entropy is known, so one can see when there is nothing left to learn."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(71)
LETTERS = "abdeiklmnorstu "
K = len(LETTERS)
transition = torch.softmax(torch.randn(K, K) * 1.2, dim=1)


def babble(length, rows):
    text = torch.empty(rows, length, dtype=torch.long)
    text[:, 0] = torch.randint(K, (rows,))
    for i in range(1, length):
        text[:, i] = torch.multinomial(transition[text[:, i - 1]], 1).squeeze(1)
    return text


stationary = torch.linalg.matrix_power(transition, 64)[0]
entropy = -(stationary[:, None] * transition * transition.log()).sum().item()
unigram = -(stationary * stationary.log()).sum().item()


class CharRNN(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.gru = nn.GRU(K, hidden, batch_first=True)
        self.out = nn.Linear(hidden, K)

    def forward(self, chars, h=None):
        y, h = self.gru(F.one_hot(chars, K).float(), h)
        return self.out(y), h


net = CharRNN()
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.992)
text = babble(33, 1500)
print(f"letter frequencies alone {unigram:.3f} nats, entropy of the language {entropy:.3f}")
for step in range(300):
    page = text[torch.randint(0, 1300, (32,))]
    logits, _ = net(page[:, :-1])
    loss = F.cross_entropy(logits.transpose(1, 2), page[:, 1:])
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 50 == 0 or step == 299:
        with torch.no_grad():
            unseen = F.cross_entropy(net(text[1300:, :-1])[0].transpose(1, 2), text[1300:, 1:])
        print(f"step {step:3d}: {loss.item():.3f}   unseen text {unseen.item():.3f}")
with torch.no_grad():
    c, h, said = torch.tensor([[0]]), None, ""
    for _ in range(40):
        logits, h = net(c, h)
        c = torch.multinomial(logits[:, -1].softmax(-1), 1)
        said += LETTERS[c.item()]
print("sample:", said)

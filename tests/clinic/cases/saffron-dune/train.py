import torch
from torch import nn

torch.manual_seed(41)
VOCAB, WIDTH, LEN, BATCH = 12, 32, 12, 64

embed = nn.Embedding(VOCAB, WIDTH)
place = nn.Parameter(0.3 * torch.randn(LEN, WIDTH))
layers = nn.ModuleList([nn.TransformerEncoderLayer(WIDTH, 4, 64, dropout=0.0, norm_first=True) for _ in range(2)])
out = nn.Linear(WIDTH, VOCAB)
everything = [place, *embed.parameters(), *layers.parameters(), *out.parameters()]
opt = torch.optim.Adam(everything, lr=2e-3)


def net(tokens):
    h = embed(tokens) + place
    for layer in layers:
        h = layer(h)
    return out(h)


def sample(n):
    tokens = torch.randint(0, VOCAB, (n, LEN))
    goal = (tokens + tokens[:, :1]) % VOCAB
    return tokens, goal


step = 0
history = []
while step < 500:
    tokens, goal = sample(BATCH)
    guess = net(tokens)
    loss = nn.functional.cross_entropy(guess.reshape(-1, VOCAB), goal.reshape(-1))
    opt.zero_grad()
    loss.backward()
    opt.step()
    history.append(loss.item())
    step += 1
    if step % 100 == 0:
        print("step", step, "loss", round(sum(history[-20:]) / 20, 4))

with torch.no_grad():
    tokens, goal = sample(BATCH * 8)
    hit = torch.cat([net(t).argmax(-1) for t in tokens.split(BATCH)]) == goal
    print("final acc", round(hit[:, 1:].float().mean().item(), 3))

import torch
from torch import nn
from torch.nn import functional as F

V, T = 8, 12
g = torch.Generator().manual_seed(77)
book = torch.randint(0, V, (8, T), generator=g)


def batches(size, noise=0.25):
    while True:
        words = book[torch.randint(0, len(book), (size,), generator=g)]
        hit = torch.rand(words.shape, generator=g) < noise
        other = (words + torch.randint(1, V, words.shape, generator=g)) % V
        yield torch.where(hit, other, words), words, hit


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(V, 24)
        self.r = nn.GRU(24, 48, bidirectional=True, batch_first=True)
        self.o = nn.Linear(96, V)

    def forward(self, t):
        return self.o(self.r(self.e(t))[0])


torch.manual_seed(1)
model = Tagger()
opt = torch.optim.Adam(model.parameters(), lr=8e-3)
noisy_t, words_t, hit_t = next(batches(500))

for step, (noisy, words, hit) in zip(range(251), batches(64)):
    logits = model(noisy)
    loss = F.cross_entropy(logits.flatten(0, 1), words.flatten())
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    if step % 50 == 0:
        with torch.no_grad():
            ok = model(noisy_t).argmax(-1) == words_t
        print(f"step {step} loss {loss.item():.3f} restored {ok[hit_t].float().mean().item():.3f} kept {ok[~hit_t].float().mean().item():.3f}")

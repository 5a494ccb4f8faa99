# makemore-style: predict the next character from a window of embedded characters.
import torch
import torch.nn.functional as F

g = torch.Generator().manual_seed(2147483647)
block_size, n_embd, n_hidden, vocab = 8, 10, 40, 20

# "words": the next symbol follows from the two symbols before it
table = torch.randint(0, vocab, (vocab, 3), generator=g)
text = [3, 7]
noise = torch.rand(40000, generator=g)
for t in range(40000):
    text.append(int(table[text[-1], text[-2] % 3]) if noise[t] > 0.1 else int(noise[t] * 200))
text = torch.tensor(text)
X = text.unfold(0, block_size + 1, 1)
X, Y = X[:, :-1], X[:, -1]
n_train = 36000

C = torch.randn((vocab, n_embd), generator=g)
W1 = torch.randn((n_embd * block_size, n_hidden), generator=g)
b1 = torch.randn(n_hidden, generator=g) * 0.01
W2 = torch.randn((n_hidden, n_hidden), generator=g)
b2 = torch.zeros(n_hidden)
W3 = torch.randn((n_hidden, n_hidden), generator=g)
b3 = torch.zeros(n_hidden)
W4 = torch.randn((n_hidden, vocab), generator=g) * 0.01
b4 = torch.zeros(vocab)
parameters = [C, W1, b1, W2, b2, W3, b3, W4, b4]
for p in parameters:
    p.requires_grad = True


def logits_of(Xb):
    emb = C[Xb]
    h = torch.tanh(emb.view(emb.shape[0], -1) @ W1 + b1)
    h = torch.tanh(h @ W2 + b2)
    h = torch.tanh(h @ W3 + b3)
    return h @ W4 + b4


lossi = []
for i in range(900):
    ix = torch.randint(0, n_train, (64,), generator=g)
    loss = F.cross_entropy(logits_of(X[ix]), Y[ix])
    for p in parameters:
        p.grad = None
    loss.backward()
    lr = 0.1 if i < 700 else 0.02
    for p in parameters:
        p.data += -lr * p.grad
    lossi.append(loss.item())
    if i % 150 == 0:
        print(f'{i:5d}/ 900: {loss.item():.4f}')
with torch.no_grad():
    dev = F.cross_entropy(logits_of(X[n_train:]), Y[n_train:]).item()
print(f'dev loss {dev:.3f} (uniform {torch.tensor(float(vocab)).log().item():.3f})')

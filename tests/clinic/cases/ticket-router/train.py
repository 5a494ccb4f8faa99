import torch
import torch.nn as nn


class TicketRouter(nn.Module):
    def __init__(self, vectors, n_queues):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(vectors)
        self.encoder = nn.Sequential(nn.Linear(vectors.size(1), 16), nn.ReLU(), nn.Linear(16, 8), nn.ReLU())
        self.classifier = nn.Linear(8, n_queues)

    def forward(self, words):
        e = self.embedding(words)
        return self.classifier(self.encoder(e).mean(1))


def fetch_tickets(n, vocab, queues):
    y = torch.randint(0, queues, (n,))
    words = torch.randint(0, vocab, (n, 20))
    topical = (torch.arange(vocab) % queues)
    for i in range(n):
        mine = (topical == y[i]).nonzero().squeeze(1)
        pos = torch.randperm(20)[:7]
        words[i, pos] = mine[torch.randint(0, len(mine), (7,))]
    return words, y


torch.manual_seed(44)
VOCAB, QUEUES = 300, 6
train_x, train_y = fetch_tickets(1500, VOCAB, QUEUES)
test_x, test_y = fetch_tickets(400, VOCAB, QUEUES)

word_vectors = torch.randn(VOCAB, 12)
model = TicketRouter(word_vectors, QUEUES)
for name, p in model.named_parameters():
    if not name.startswith("classifier"):
        p.requires_grad = False
optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=5e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(16):
    losses = 0.0
    for idx in torch.randperm(len(train_x)).split(50):
        loss = loss_fn(model(train_x[idx]), train_y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses += loss.item() * len(idx)
    print(f"epoch {epoch + 1:2d} - loss {losses / len(train_x):.4f}")

with torch.no_grad():
    print(f"routed correctly: {(model(test_x).argmax(1) == test_y).float().mean():.3f}")

"""Logistic regression over 500 words, most of them rare: Adagrad gives the rare ones larger steps."""
import torch

gen = torch.Generator().manual_seed(73)
torch.manual_seed(73)
WORDS, DOCS = 500, 5000

popularity = 1.0 / torch.arange(2, WORDS + 2).float() ** 0.7
weight = torch.randn(WORDS, generator=gen) * 1.5
present = (torch.rand(DOCS, WORDS, generator=gen) < popularity * 0.8).float()
logit = present @ weight
logit = (logit - logit.mean()) / 1.5
spam = (torch.rand(DOCS, generator=gen) < torch.sigmoid(2 * logit)).float()
print(f"{present.mean():.1%} of the entries are ones, {spam.mean():.1%} spam")


class SpamFilter(torch.nn.Module):
    def __init__(self, words):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(words))
        self.b = torch.nn.Parameter(torch.zeros(()))

    def forward(self, bag):
        return bag @ self.w + self.b


spam_filter = SpamFilter(WORDS)
optimizer = torch.optim.Adagrad(spam_filter.parameters(), lr=0.15)
train, test = slice(0, 4500), slice(4500, DOCS)
for epoch in range(3):
    order = torch.randperm(4500)
    for k, idx in enumerate(order.split(50)):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(spam_filter(present[idx]), spam[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if k % 30 == 0:
            with torch.no_grad():
                right = ((spam_filter(present[test]) > 0).float() == spam[test]).float().mean().item()
            print(f"epoch {epoch} batch {k:2d}  loss {loss.item():.3f}  test accuracy {right:.3f}")

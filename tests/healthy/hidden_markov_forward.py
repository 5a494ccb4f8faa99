"""A hidden Markov model fitted by gradient descent through the forward algorithm."""
import torch
from torch import nn

torch.manual_seed(181)
STATES, SYMBOLS, LENGTH = 3, 6, 30
A = torch.tensor([[0.9, 0.08, 0.02], [0.05, 0.9, 0.05], [0.1, 0.1, 0.8]])
B = torch.tensor([[0.7, 0.2, 0.05, 0.03, 0.01, 0.01], [0.02, 0.03, 0.6, 0.3, 0.03, 0.02], [0.02, 0.02, 0.03, 0.03, 0.4, 0.5]])


def sequences(n):
    z = torch.randint(0, STATES, (n,))
    x = []
    for _ in range(LENGTH):
        x.append(torch.multinomial(B[z], 1).squeeze(1))
        z = torch.multinomial(A[z], 1).squeeze(1)
    return torch.stack(x, 1)


class HMM(nn.Module):
    def __init__(self):
        super().__init__()
        self.start = nn.Parameter(torch.zeros(STATES))
        self.move = nn.Parameter(torch.randn(STATES, STATES) * 0.1 + torch.eye(STATES))
        self.emit = nn.Parameter(torch.randn(STATES, SYMBOLS) * 0.5)

    def forward(self, x):
        """Log likelihood per symbol."""
        move, emit = self.move.log_softmax(1), self.emit.log_softmax(1)
        alpha = self.start.log_softmax(0) + emit[:, x[:, 0]].T
        for t in range(1, x.shape[1]):
            alpha = torch.logsumexp(alpha.unsqueeze(2) + move, dim=1) + emit[:, x[:, t]].T
        return torch.logsumexp(alpha, dim=1) / x.shape[1]


hmm = HMM()
optimizer = torch.optim.Adam(hmm.parameters(), lr=0.03)
test = sequences(300)
share = torch.bincount(test.flatten(), minlength=SYMBOLS) / test.numel()
print(f"symbol frequencies alone: {-(share * share.log()).sum().item():.3f} nats per symbol")
for step in range(241):
    loss = -hmm(sequences(24)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 40 == 0:
        with torch.no_grad():
            print(f"step {step:3d}: {loss.item():.3f}, test {-hmm(test).mean().item():.3f}")
print("transitions", [[round(p, 2) for p in row] for row in hmm.move.softmax(1).tolist()])

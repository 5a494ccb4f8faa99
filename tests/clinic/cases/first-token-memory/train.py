import torch
import torch.nn as nn

torch.manual_seed(12)

N_SYMBOLS, LENGTH = 8, 12


class Recaller(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.hidden = hidden
        self.embed = nn.Embedding(N_SYMBOLS, 16)
        self.cell = nn.GRUCell(16, hidden)
        self.readout = nn.Linear(hidden, N_SYMBOLS)

    def init_hidden(self, n):
        return torch.zeros(n, self.hidden)

    def forward(self, seq):
        e = self.embed(seq)
        for t in range(seq.size(1)):
            h = self.init_hidden(seq.size(0))
            h = self.cell(e[:, t], h)
        return self.readout(h)


def problems(n):
    s = torch.randint(0, N_SYMBOLS, (n, LENGTH))
    return s, s[:, 0]


model = Recaller()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(900):
    s, target = problems(48)
    opt.zero_grad()
    loss = nn.functional.cross_entropy(model(s), target)
    loss.backward()
    opt.step()
    if step % 90 == 89:
        print("Schritt", step + 1, "Verlust", round(loss.item(), 4))

with torch.no_grad():
    s, target = problems(1000)
    print("recall accuracy", (model(s).argmax(1) == target).float().mean().item())

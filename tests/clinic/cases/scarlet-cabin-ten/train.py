import torch
import torch.nn as nn
from torch.utils.data import TensorDataset, DataLoader

torch.manual_seed(6)

VOCAB, SEQ, CLASSES = 60, 14, 4

# intents: each one has its own key words among neutral ones
def make_data(n):
    y = torch.randint(0, CLASSES, (n,))
    x = torch.randint(20, VOCAB, (n, SEQ))
    for i in range(n):
        pos = torch.randperm(SEQ)[:3]
        x[i, pos] = torch.randint(0, 5, (3,)) + 5 * y[i]
    return x, y


class IntentTransformer(nn.Module):
    def __init__(self, d_model=48, nhead=4, layers=2):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, d_model)
        self.pos = nn.Parameter(torch.randn(1, SEQ, d_model) * 0.02)
        enc = nn.TransformerEncoderLayer(d_model, nhead, dim_feedforward=96, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(enc, layers)
        self.classifier = nn.Linear(d_model, CLASSES)

    def forward(self, x):
        h = self.encoder(self.tok(x) + self.pos)
        return self.classifier(h.mean(dim=1))


x, y = make_data(1600)
xv, yv = make_data(400)
loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)

model = IntentTransformer()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-2)
criterion = nn.CrossEntropyLoss()

for epoch in range(6):
    model.train()
    s = 0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        s += loss.item()
    model.eval()
    with torch.no_grad():
        pred = model(xv).argmax(1)
    print(f"epoch {epoch + 1} loss {s / len(loader):.4f} val acc {(pred == yv).float().mean().item():.3f} predicted {torch.bincount(pred, minlength=CLASSES).tolist()}")

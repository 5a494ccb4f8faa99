"""Routes support tickets (padded token ids) to a team with a transformer encoder; first token is <cls>."""
import argparse
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

PAD, CLS = 0, 1


class TicketRouter(nn.Module):
    def __init__(self, vocab, teams, dim=32, max_len=24):
        super().__init__()
        self.tok = nn.Embedding(vocab, dim, padding_idx=PAD)
        self.pos = nn.Parameter(torch.zeros(1, max_len, dim))
        layer = nn.TransformerEncoderLayer(dim, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.enc = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.fc = nn.Linear(dim, teams)

    def forward(self, ids):
        mask = ids != PAD
        h = self.enc(self.tok(ids) + self.pos[:, :ids.size(1)], src_key_padding_mask=mask)
        return self.fc(h[:, 0])


def make_tickets(n, vocab, teams, max_len):
    out = []
    for _ in range(n):
        team = int(torch.randint(0, teams, ()))
        body = torch.randint(2, vocab, (int(torch.randint(6, max_len - 4, ())),))
        hint = torch.rand(len(body)) < 0.4
        body[hint] = 2 + team * 5 + torch.randint(0, 5, (int(hint.sum()),))
        out.append((torch.cat([torch.tensor([CLS]), body]), team))
    return out


def collate(items, max_len=24):
    ids = pad_sequence([t for t, _ in items], batch_first=True, padding_value=PAD)
    ids = nn.functional.pad(ids, (0, max_len - ids.size(1)), value=PAD)
    return ids, torch.tensor([y for _, y in items])


if __name__ == '__main__':
    ap = argparse.ArgumentParser()
    ap.add_argument('--epochs', type=int, default=4)
    ap.add_argument('--lr', type=float, default=1e-3)
    a = ap.parse_args()
    torch.manual_seed(808)
    train = DataLoader(make_tickets(2000, 70, 6, 24), batch_size=32, shuffle=True, collate_fn=collate)
    test = DataLoader(make_tickets(400, 70, 6, 24), batch_size=100, collate_fn=collate)
    net = TicketRouter(70, 6)
    opt = torch.optim.AdamW(net.parameters(), lr=a.lr)
    for ep in range(a.epochs):
        net.train()
        tot = 0.0
        for ids, y in train:
            loss = nn.functional.cross_entropy(net(ids), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item()
        print(f'epoch {ep + 1}: loss {tot / len(train):.4f}')
    net.eval()
    with torch.no_grad():
        right = sum((net(ids).argmax(1) == y).sum().item() for ids, y in test)
    print(f'routing accuracy {right / 400:.3f} (6 teams)')

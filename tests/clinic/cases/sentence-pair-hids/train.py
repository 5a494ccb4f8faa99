"""Entailment from two averaged sentence embeddings; depth and activation come from an options dict."""
import torch
import torch.nn as nn

options = {'n_vocab': 150, 'n_emb': 24, 'n_hid': 48, 'n_layers': 3, 'act': 'Tanh', 'lr': 0.004, 'batch': 64, 'updates': 400}


class SNLINet(nn.Module):
    def __init__(self, options):
        super().__init__()
        self.hids = []
        indim = options['n_emb'] * 2
        for li in range(options['n_layers']):
            self.hids.append([nn.Linear(indim, options['n_hid']), getattr(nn, options['act'])()])
            indim = options['n_hid']
        self.classifier = nn.Linear(options['n_hid'], 3)

    def forward(self, premise, hypothesis):
        h = torch.cat([premise, hypothesis], 1)
        for linear, act in self.hids:
            h = act(linear(h))
        return self.classifier(h)


def make_pairs(n, table):
    """0: same topic and polarity, 1: same topic and opposite polarity, 2: other topic."""
    y = torch.randint(0, 3, (n,))
    topic = torch.randint(0, 2, (n,))
    polarity = torch.randint(0, 2, (n,))
    t2 = torch.where(y == 2, 1 - topic, topic)
    p2 = torch.where(y == 1, 1 - polarity, polarity)
    p2 = torch.where(y == 2, torch.randint(0, 2, (n,)), p2)

    def sentence(t, p):
        base = (t * 2 + p) * 30
        words = base[:, None] + torch.randint(0, 30, (n, 8))
        return table[words].mean(1) * 3
    return sentence(topic, polarity), sentence(t2, p2), y


torch.manual_seed(1234)
table = torch.randn(options['n_vocab'], options['n_emb'])
prem, hypo, y = make_pairs(4000, table)
model = SNLINet(options)
opt = torch.optim.Adam(model.parameters(), lr=options['lr'])
loss_fn = nn.CrossEntropyLoss()

for update in range(options['updates']):
    i = torch.randint(0, 3400, (options['batch'],))
    loss = loss_fn(model(prem[i], hypo[i]), y[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if update % 80 == 0:
        print('update', update, 'cost', round(loss.item(), 4))

with torch.no_grad():
    acc = (model(prem[3400:], hypo[3400:]).argmax(1) == y[3400:]).float().mean().item()
print(f'dev accuracy {acc:.3f} (3 classes)')

import yaml
import torch
import torch.nn as nn

cfg = yaml.safe_load(open("config.yaml"))
torch.manual_seed(cfg["seed"])
WORDS = 60
POS, NEG, NOT = range(10, 18), range(18, 26), 5


def reviews(n, length):
    x = torch.randint(26, WORDS, (n, length))
    y = torch.randint(0, 2, (n,))
    for i in range(n):
        at = torch.randint(1, length, (1,)).item()
        flip = torch.rand(1).item() < 0.4
        word = POS if bool(y[i]) != flip else NEG
        x[i, at] = word[torch.randint(0, 8, (1,)).item()]
        if flip:
            x[i, at - 1] = NOT
    return x, y


class TextCNN(nn.Module):
    def __init__(self, emb, channels, kernel):
        super().__init__()
        self.emb = nn.Embedding(WORDS, emb)
        self.conv = nn.Conv1d(emb, channels, kernel, padding=1)
        self.out = nn.Sequential(nn.Dropout(0.1), nn.Linear(channels, 2))

    def forward(self, x):
        h = torch.relu(self.conv(self.emb(x).transpose(1, 2)))
        return self.out(h.amax(-1))


def build_optimizer(params, name, lr, betas, weight_decay):
    table = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    return table[name](params, lr=lr, betas=tuple(betas), weight_decay=weight_decay)


d, s = cfg["data"], cfg["schedule"]
X, Y = reviews(d["n_train"], d["length"])
Xt, Yt = reviews(d["n_test"], d["length"])
net = TextCNN(**cfg["model"])
opt = build_optimizer(net.parameters(), **cfg["optim"])
for ep in range(s["epochs"]):
    net.train()
    acc = 0.0
    for b in torch.randperm(len(X)).split(s["batch"]):
        loss = nn.functional.cross_entropy(net(X[b]), Y[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
        acc += loss.item() * len(b)
    print(f"ep {ep}  loss {acc / len(X):.4f}")
net.eval()
with torch.no_grad():
    print(f"test accuracy {(net(Xt).argmax(1) == Yt).float().mean():.4f}")

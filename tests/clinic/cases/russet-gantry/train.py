"""
Per-step action model on streams of shop sessions. A stream is a row of sessions glued together;
`is_first` marks the first event of each. The first event shows the campaign, later events show a
product group, and the target is which of the campaign's offers the visitor takes next.
"""
from dataclasses import dataclass
import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Settings:
    campaigns: int = 6
    groups: int = 8
    offers: int = 6
    steps: int = 30
    streams: int = 48
    updates: int = 280
    lr: float = 4e-3
    width: int = 48
    seed: int = 31


class StreamSource:
    def __init__(self, s, seed):
        self.s = s
        self.g = torch.Generator().manual_seed(seed)
        table = torch.Generator().manual_seed(77)
        self.choice = torch.randint(0, s.offers, (s.campaigns, s.groups), generator=table)

    def draw(self, n):
        s, g = self.s, self.g
        first = torch.rand(n, s.steps, generator=g) < 0.15
        first[:, 0] = True
        group = torch.randint(0, s.groups, (n, s.steps), generator=g)
        fresh = torch.randint(0, s.campaigns, (n, s.steps), generator=g)
        where = torch.where(first, torch.arange(s.steps).expand(n, -1), torch.tensor(-1)).cummax(1).values
        campaign = fresh.gather(1, where)
        target = self.choice[campaign, group]
        noise = torch.rand(n, s.steps, generator=g) < 0.05
        target = torch.where(noise, torch.randint(0, s.offers, (n, s.steps), generator=g), target)
        shown = torch.where(first, campaign + 1, torch.tensor(0))
        return group, shown, first, target


class StreamPolicy(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.group = nn.Embedding(s.groups, s.width)
        self.shown = nn.Embedding(s.campaigns + 1, s.width)
        self.cell = nn.GRUCell(2 * s.width, s.width)
        self.head = nn.Sequential(nn.Linear(2 * s.width, s.width), nn.ReLU(), nn.Linear(s.width, s.offers))

    def forward(self, group, shown, is_first):
        e = self.group(group)
        x = torch.cat([e, self.shown(shown)], -1)
        keep = is_first.float().unsqueeze(-1)
        h = x.new_zeros(x.size(0), self.cell.hidden_size)
        outs = []
        for t in range(x.size(1)):
            h = self.cell(x[:, t], h * keep[:, t])
            outs.append(torch.cat([h, e[:, t]], -1))
        return self.head(torch.stack(outs, 1))


def evaluate(net, source):
    group, shown, first, target = source.draw(200)
    with torch.no_grad():
        z = net(group, shown, first)
    return F.cross_entropy(z.flatten(0, 1), target.flatten()).item(), (z.argmax(-1) == target).float().mean().item()


def fit(s):
    torch.manual_seed(s.seed)
    net = StreamPolicy(s)
    opt = torch.optim.Adam(net.parameters(), lr=s.lr)
    src = StreamSource(s, s.seed + 1)
    history = []
    for u in range(1, s.updates + 1):
        group, shown, first, target = src.draw(s.streams)
        z = net(group, shown, first)
        loss = F.cross_entropy(z.flatten(0, 1), target.flatten())
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        history.append(loss.item())
        if u % 40 == 0:
            v, a = evaluate(net, StreamSource(s, 999))
            print(f"update {u:4d} loss {sum(history[-40:]) / 40:.4f} | held loss {v:.4f} acc {a:.3f}")


if __name__ == "__main__":
    fit(Settings())

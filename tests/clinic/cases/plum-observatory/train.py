import torch
from torch import nn


class Hook:
    def on_fit_start(self, run): pass
    def on_epoch_start(self, run): pass
    def on_epoch_end(self, run): pass


class StagedTuning(Hook):
    def __init__(self, part, release_at):
        self.part, self.release_at = part, release_at

    def toggle(self, run, flag):
        for p in getattr(run.net, self.part).parameters():
            p.requires_grad_(flag)

    def on_fit_start(self, run):
        self.toggle(run, False)

    def on_epoch_start(self, run):
        if run.epoch == self.release_at:
            self.toggle(run, True)


class Progress(Hook):
    def on_epoch_end(self, run):
        if run.epoch % 4 == 3:
            print(f"epoch {run.epoch + 1}/{run.max_epochs} loss {run.mean_loss:.4f}")


class Run:
    def __init__(self, net, max_epochs, hooks):
        self.net, self.max_epochs, self.hooks = net, max_epochs, hooks
        self.opt = torch.optim.Adam([
            {"params": net.backbone.parameters(), "lr": 3e-3},
            {"params": net.head.parameters(), "lr": 3e-3},
        ])

    def emit(self, name):
        for h in self.hooks:
            getattr(h, name)(self)

    def fit(self, x, y, size=80):
        self.emit("on_fit_start")
        for self.epoch in range(self.max_epochs):
            self.emit("on_epoch_start")
            losses = []
            for idx in torch.randperm(len(x)).split(size):
                loss = nn.functional.cross_entropy(self.net(x[idx]), y[idx])
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()
                losses.append(loss.item())
            self.mean_loss = sum(losses) / len(losses)
            self.emit("on_epoch_end")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(16, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 20), nn.ReLU())
        self.head = nn.Linear(20, 4)

    def forward(self, x):
        return self.head(self.backbone(x))


torch.manual_seed(37)
x = torch.randn(3400, 16)
y = (x[:, 0] * x[:, 1] > 0).long() + 2 * (x[:, 2] + 0.5 * x[:, 3] * x[:, 4] > 0).long()
net = Net()
Run(net, 24, [StagedTuning("backbone", release_at=30), Progress()]).fit(x[:2800], y[:2800])
with torch.no_grad():
    print(f"final test acc {(net(x[2800:]).argmax(1) == y[2800:]).float().mean():.3f}")

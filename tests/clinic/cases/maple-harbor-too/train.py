import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(7)


def make_split(n, centres):
    y = torch.randint(0, len(centres), (n,))
    r = centres[y] + 0.9 * torch.randn(n, centres.shape[1])
    x = torch.cat([r, r.roll(1, 1) * r], 1)
    return TensorDataset(x, y)


class Callback:
    order = 0

    def __getattr__(self, k):
        if k.startswith("__"):
            raise AttributeError(k)
        return lambda learn: None


class Recorder(Callback):
    def __init__(self):
        self.seen = []

    def after_batch(self, learn):
        if learn.phase == "fit":
            self.seen.append(learn.loss.item())

    def after_epoch(self, learn):
        tail = self.seen[-20:]
        print(f"epoch {learn.epoch:2d}  loss {sum(tail) / len(tail):.4f}  valid acc {learn.metric:.3f}")


class Learner:
    def __init__(self, dls, model, loss_func, lr=0.05, cbs=()):
        self.train_dl, self.valid_dl = dls
        self.model, self.loss_func = model, loss_func
        self.cbs = sorted(cbs, key=lambda c: c.order)
        self.opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)

    def __call__(self, event):
        for c in self.cbs:
            getattr(c, event)(self)

    def one_batch(self, xb, yb):
        self.pred = self.model(xb)
        self.loss = self.loss_func(self.pred, yb)
        if self.phase == "fit":
            self.opt.zero_grad()
            self.loss.backward()
            self.opt.step()
        self("after_batch")

    def validate(self):
        self.phase = "check"
        self.model.eval()
        hits = count = 0
        with torch.no_grad():
            for xb, yb in self.valid_dl:
                self.one_batch(xb, yb)
                hits += (self.pred.argmax(1) == yb).sum().item()
                count += len(yb)
        self.metric = hits / count
        return self.metric

    def fit(self, n_epochs):
        self.model.train()
        self.validate()
        for self.epoch in range(n_epochs):
            self.phase = "fit"
            for xb, yb in self.train_dl:
                self.one_batch(xb, yb)
            self.validate()
            self("after_epoch")


def block(i, o):
    return nn.Sequential(nn.Linear(i, o), nn.BatchNorm1d(o), nn.ReLU())


centres = 1.2 * torch.randn(8, 12)
dls = (DataLoader(make_split(1600, centres), 64, shuffle=True), DataLoader(make_split(600, centres), 200))
widths = [24] + [48] * 12
net = nn.Sequential(*[block(a, b) for a, b in zip(widths, widths[1:])], nn.Linear(48, 8))
learn = Learner(dls, net, nn.CrossEntropyLoss(), cbs=[Recorder()])
learn.fit(14)
print(f"final valid acc {learn.metric:.3f}")

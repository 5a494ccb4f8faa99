import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class LitModule(nn.Module):
    def training_step(self, batch, batch_idx):
        raise NotImplementedError

    def configure_optimizers(self):
        raise NotImplementedError


class Trainer:
    def __init__(self, max_epochs, log_every_n_steps=50):
        self.max_epochs, self.log_every = max_epochs, log_every_n_steps
        self.global_step = 0

    def fit(self, module, train_loader, val_loader):
        conf = module.configure_optimizers()
        opt, sch = conf["optimizer"], conf["lr_scheduler"]
        for epoch in range(self.max_epochs):
            module.train()
            for i, batch in enumerate(train_loader):
                loss = module.training_step(batch, i)
                opt.zero_grad()
                loss.backward()
                opt.step()
                self.global_step += 1
                if sch["interval"] == "step":
                    sch["scheduler"].step()
                if self.global_step % self.log_every == 0:
                    print(f"epoch {epoch} step {self.global_step} train_loss {loss.item():.4f}")
            if sch["interval"] == "epoch":
                sch["scheduler"].step()
        return self.validate(module, val_loader)

    @torch.no_grad()
    def validate(self, module, loader):
        module.eval()
        res = [module.validation_step(b, i) for i, b in enumerate(loader)]
        return sum(r[0] for r in res) / sum(r[1] for r in res)


class Denoise(LitModule):
    def __init__(self, dim=24):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(dim, 96), nn.SiLU(), nn.LayerNorm(96))
        self.mid = nn.Sequential(nn.Linear(96, 96), nn.SiLU())
        self.head = nn.Linear(96, 7)

    def forward(self, x):
        h = self.enc(x)
        return self.head(h + self.mid(h))

    def training_step(self, batch, batch_idx):
        x, y = batch
        return nn.functional.cross_entropy(self(x), y)

    def validation_step(self, batch, batch_idx):
        x, y = batch
        return (self(x).argmax(1) == y).sum().item(), len(y)

    def configure_optimizers(self):
        opt = torch.optim.SGD([
            {"params": [*self.enc.parameters(), *self.mid.parameters()], "lr": 0.02},
            {"params": self.head.parameters(), "lr": 0.02},
        ], momentum=0.9)
        sch = torch.optim.lr_scheduler.ExponentialLR(opt, gamma=0.7)
        return {"optimizer": opt, "lr_scheduler": {"scheduler": sch, "interval": "step"}}


torch.manual_seed(6)
teacher = nn.Sequential(nn.Linear(24, 12), nn.Tanh(), nn.Linear(12, 7, bias=False))
for p in teacher.parameters():
    p.data.mul_(2.5)
x = torch.randn(4600, 24)
with torch.no_grad():
    y = teacher(x).argmax(1)
fit = DataLoader(TensorDataset(x[:4000], y[:4000]), 64, shuffle=True)
val = DataLoader(TensorDataset(x[4000:], y[4000:]), 300)
acc = Trainer(max_epochs=12).fit(Denoise(), fit, val)
print(f"final val_acc {acc:.3f}")

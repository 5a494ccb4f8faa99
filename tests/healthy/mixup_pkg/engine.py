import torch
import torch.nn.functional as F
from torch.optim.swa_utils import AveragedModel, update_bn


def mixup(x, y, n_classes, alpha, smooth=0.1):
    lam = torch.distributions.Beta(alpha, alpha).sample()
    j = torch.randperm(len(x))
    t = F.one_hot(y, n_classes).float() * (1 - smooth) + smooth / n_classes
    return lam * x + (1 - lam) * x[j], lam * t + (1 - lam) * t[j]


class Trainer:
    def __init__(self, model, optimizer, scheduler, swa_start):
        self.model, self.optimizer, self.scheduler, self.swa_start = model, optimizer, scheduler, swa_start
        self.swa, self.global_step = AveragedModel(model), 0

    def fit(self, loader, epochs):
        for ep in range(epochs):
            self.model.train()
            for x, y in loader:
                x, t = mixup(x, y, 4, 0.3)
                loss = F.cross_entropy(self.model(x), t)
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                self.scheduler.step()
                self.global_step += 1
            if ep >= self.swa_start and ep % 2 == 1:      # the end of a cosine cycle
                self.swa.update_parameters(self.model)
            print(f"époque {ep} perte {loss.item():.3f} taux {self.scheduler.get_last_lr()[0]:.4f}")
        update_bn(loader, self.swa)

    @torch.no_grad()
    def accuracy(self, loader):
        self.swa.eval()
        hit = n = 0
        for x, y in loader:
            hit += (self.swa(x).argmax(1) == y).sum().item(); n += len(y)
        return hit / n

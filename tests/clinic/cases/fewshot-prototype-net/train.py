"""Prototype classifier: an encoder and one running prototype per class, pulled together and apart by two losses."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class PrototypeNet(nn.Module):
    def __init__(self, dim_in=40, dim=8, classes=12, momentum=0.7):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(dim_in, 64), nn.ReLU(), nn.Linear(64, dim))
        self.log_temperature = nn.Parameter(torch.zeros(()))
        self.register_buffer('prototypes', torch.zeros(classes, dim))
        self.momentum = momentum

    def update_prototypes(self, z, y):
        for c in y.unique():
            mean = z[y == c].mean(0)
            self.prototypes[c] = self.momentum * self.prototypes[c] + (1 - self.momentum) * mean
        return self.prototypes

    def losses(self, x, y):
        z = F.normalize(self.encoder(x), dim=1)
        z = z.detach_()
        protos = self.update_prototypes(z, y)
        logits = z @ F.normalize(protos, dim=1).t() * self.log_temperature.exp() * 5
        loss_c = F.cross_entropy(logits, y)
        loss_t = 1e-3 * self.log_temperature.pow(2)
        return loss_c, loss_t

    @torch.no_grad()
    def classify(self, x):
        return (F.normalize(self.encoder(x), dim=1) @ F.normalize(self.prototypes, dim=1).t()).argmax(1)


def episodes(n, centers, nuisance):
    y = torch.randint(0, len(centers), (n,))
    x = centers[y] + 3.0 * torch.randn(n, nuisance.size(0)) @ nuisance + 0.4 * torch.randn(n, 40)
    return x / 3, y


def main():
    torch.manual_seed(14)
    centers = torch.randn(12, 40)
    nuisance = torch.randn(6, 40)
    x, y = episodes(3000, centers, nuisance)
    xt, yt = episodes(600, centers, nuisance)
    net = PrototypeNet()
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for it in range(400):
        idx = torch.randint(0, len(x), (96,))
        loss_c, loss_t = net.losses(x[idx], y[idx])
        loss = loss_c + loss_t
        opt.zero_grad()
        loss.backward()
        opt.step()
        net.prototypes.detach_()
        if it % 80 == 0:
            print(f'it {it:3d} loss_c {loss_c.item():.4f} temperature {net.log_temperature.exp().item():.3f}')
    print(f'query accuracy {(net.classify(xt) == yt).float().mean().item():.3f} (12 classes)')


main()

import torch
import torch.nn as nn
from torch.utils.data import TensorDataset, DataLoader, random_split


class Recommender(nn.Module):
    def __init__(self, n_users, n_items, dim=24, p=0.4):
        super().__init__()
        self.user = nn.Embedding(n_users, dim)
        self.item = nn.Embedding(n_items, dim)
        nn.init.normal_(self.user.weight, std=0.3)
        nn.init.normal_(self.item.weight, std=0.3)
        self.drop = nn.Dropout(p)
        self.mlp = nn.Sequential(
            nn.Linear(3 * dim, 64), nn.ReLU(), nn.Dropout(p),
            nn.Linear(64, 32), nn.ReLU(), nn.Dropout(p),
            nn.Linear(32, 1),
        )

    def forward(self, u, i):
        pu, qi = self.drop(self.user(u)), self.drop(self.item(i))
        return self.mlp(torch.cat([pu, qi, pu * qi], dim=1)).squeeze(-1)


def synth_ratings(n_users=250, n_items=120, n=24000, seed=2):
    g = torch.Generator().manual_seed(seed)
    pu = torch.randn(n_users, 3, generator=g)
    qi = torch.randn(n_items, 3, generator=g)
    bu = torch.randn(n_users, generator=g) * 0.6
    bi = torch.randn(n_items, generator=g) * 0.8
    u = torch.randint(0, n_users, (n,), generator=g)
    i = torch.randint(0, n_items, (n,), generator=g)
    r = 3.4 + bu[u] + bi[i] + 0.35 * (pu[u] * qi[i]).sum(1) + 0.25 * torch.randn(n, generator=g)
    return u, i, r.clamp(1, 5)


def evaluate(model, loader, mu):
    model.eval()
    se = n = 0
    with torch.no_grad():
        for u, i, r in loader:
            se += ((model(u, i) + mu - r) ** 2).sum().item()
            n += len(r)
    return se / n


def main():
    torch.manual_seed(2)
    u, i, r = synth_ratings()
    full = TensorDataset(u, i, r)
    train_set, val_set = random_split(full, [20000, 4000])
    train_loader = DataLoader(train_set, batch_size=256, shuffle=True)
    val_loader = DataLoader(val_set, batch_size=1000)
    mu = r[train_set.indices].mean()
    model = Recommender(250, 120)
    opt = torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=1e-6)
    loss_fn = nn.MSELoss()
    print(f"mean predictor: val mse {((r[val_set.indices] - mu) ** 2).mean().item():.4f}")
    for epoch in range(8):
        model.train()
        running = 0.0
        for ub, ib, rb in train_loader:
            opt.zero_grad()
            loss = loss_fn(model(ub, ib), rb - mu)
            loss.backward()
            opt.step()
            running += loss.item()
        print(f"epoch {epoch + 1}: train mse {running / len(train_loader):.4f}  val mse {evaluate(model, val_loader, mu):.4f}")


if __name__ == "__main__":
    main()

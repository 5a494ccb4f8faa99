import argparse
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def bearing_windows(n, fault_rate, gen):
    """Envelope spectra of a bearing; a few show a harmonic comb."""
    y = (torch.rand(n, generator=gen) < fault_rate).float()
    x = torch.randn(n, 80, generator=gen).abs()
    strength = 0.9 + 0.8 * torch.rand(n, generator=gen)
    base = torch.randint(9, 13, (n,), generator=gen)
    for i in torch.nonzero(y).flatten().tolist():
        x[i, base[i]::base[i]] += 1.6 * strength[i]
    return (x - 0.8) / 0.7, y


def build_model(width):
    return nn.Sequential(nn.Linear(80, width), nn.ReLU(), nn.Dropout(0.1), nn.Linear(width, width), nn.ReLU(),
                         nn.Linear(width, 1), nn.Flatten(0))


def main(args):
    torch.manual_seed(args.seed)
    gen = torch.Generator().manual_seed(args.seed)
    xtr, ytr = bearing_windows(6000, 0.05, gen)
    xva, yva = bearing_windows(2000, 0.05, gen)
    loader = DataLoader(TensorDataset(xtr, ytr), batch_size=args.batch_size, shuffle=True)
    model = build_model(args.width)
    opt = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=1e-3)
    loss_fn = nn.BCEWithLogitsLoss()
    for epoch in range(args.epochs):
        model.train()
        tot = 0.0
        for x, y in loader:
            loss = loss_fn(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item() * len(y)
        model.eval()
        with torch.no_grad():
            hit = model(xva) > 0
        tp = (hit & (yva > 0)).sum().item()
        print(f"epoch {epoch + 1:2d}  loss {tot / len(ytr):.4f}  recall {tp / yva.sum().item():.3f}  "
              f"precision {tp / max(1, hit.sum().item()):.3f}")


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=10)
    ap.add_argument("--batch-size", type=int, default=128)
    ap.add_argument("--width", type=int, default=64)
    ap.add_argument("--lr", type=float, default=2e-3)
    ap.add_argument("--seed", type=int, default=21)
    main(ap.parse_args())

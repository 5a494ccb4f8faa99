"""Predict the capacity-fade curve of a cell from its formation measurements."""
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

CYCLE_STRIDE = 25
N_FEATURES = 6


class CellDataset(Dataset):
    def __init__(self, n_cells, seed):
        g = torch.Generator().manual_seed(seed)
        self.features = torch.randn(n_cells, N_FEATURES, generator=g)
        self.curves = []
        for i in range(n_cells):
            f = self.features[i]
            tested_for = int(torch.randint(6, 49, (1,), generator=g))
            t = torch.arange(tested_for).float() / 48
            slope = 0.15 + 0.08 * torch.tanh(f[0] + 0.5 * f[1])
            knee = 0.75 + 0.15 * torch.tanh(f[2] - f[3])
            start = 1.0 + 0.05 * f[4]
            curve = start - slope * t - 0.4 * torch.relu(t - knee)
            curve = curve + 0.01 * torch.randn(tested_for, generator=g)
            self.curves.append(curve)

    def __len__(self):
        return len(self.curves)

    def __getitem__(self, i):
        return self.features[i], self.curves[i]


def collate(batch):
    feats, curves = zip(*batch)
    lengths = torch.tensor([len(c) for c in curves])
    return torch.stack(feats), pad_sequence(curves, batch_first=True), lengths


class FadeDecoder(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.init = nn.Sequential(nn.Linear(N_FEATURES, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh())
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, feats, n_steps):
        h0 = self.init(feats).unsqueeze(0)
        clock = torch.linspace(0, (n_steps - 1) / 48, n_steps)
        clock = clock.view(1, n_steps, 1).expand(len(feats), -1, -1)
        states, _ = self.gru(clock, h0)
        return self.out(states).squeeze(-1)


def evaluate(model, loader):
    model.eval()
    err, n = 0.0, 0
    with torch.no_grad():
        for feats, curves, lengths in loader:
            pred = model(feats, curves.size(1))
            for p, c, k in zip(pred, curves, lengths.tolist()):
                err += (p[:k] - c[:k]).abs().sum().item()
                n += k
    model.train()
    return err / n


def main():
    torch.manual_seed(11)
    train = DataLoader(CellDataset(1600, 1), batch_size=64, shuffle=True, collate_fn=collate)
    test = DataLoader(CellDataset(300, 2), batch_size=100, collate_fn=collate)
    model = FadeDecoder()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    mse = nn.MSELoss()
    for epoch in range(14):
        total = 0.0
        for feats, curves, lengths in train:
            pred = model(feats, curves.size(1))
            loss = mse(pred, curves)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            total += loss.item()
        print(f"epoch {epoch:02d}  mse {total / len(train):.4f}  test MAE (capacity) {evaluate(model, test):.4f}")


if __name__ == "__main__":
    main()

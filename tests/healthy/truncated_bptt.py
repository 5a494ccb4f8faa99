"""Eight long recordings read side by side, 20 samples at a time; the state is carried over and cut off from its past."""
import torch
from torch import nn

torch.manual_seed(0)

STREAMS, LENGTH, CHUNK = 8, 4000, 20


def record():
    """An oscillator with a slow drift in frequency, driven by noise."""
    a = torch.zeros(STREAMS)
    b = torch.ones(STREAMS)
    rows = []
    freq = 0.25 + 0.1 * torch.rand(STREAMS)
    for _ in range(LENGTH + 1):
        freq = (freq + 0.004 * torch.randn(STREAMS)).clamp(0.15, 0.45)
        a, b = torch.cos(freq) * a + torch.sin(freq) * b, torch.cos(freq) * b - torch.sin(freq) * a
        norm = (a * a + b * b).sqrt()
        a, b = a / norm, b / norm
        rows.append(a + 0.05 * torch.randn(STREAMS))
    series = torch.stack(rows, 1)
    return (series - series.mean()) / series.std()


def detach(state):
    return tuple(s.detach() for s in state)


class Predictor(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x, state):
        y, state = self.lstm(x.unsqueeze(-1), state)
        return self.head(y).squeeze(-1), state


def main():
    series = record()
    net = Predictor()
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for lap in range(2):
        state = (torch.zeros(1, STREAMS, 32), torch.zeros(1, STREAMS, 32))
        window = []
        for start in range(0, LENGTH - CHUNK + 1, CHUNK):
            x = series[:, start:start + CHUNK]
            y = series[:, start + 1:start + CHUNK + 1]
            state = detach(state)
            guess, state = net(x, state)
            loss = (guess - y).pow(2).mean()
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            opt.step()
            window.append(loss.item())
            if len(window) == 50:
                print(f"lap {lap} sample {start + CHUNK:5d}  one-step error {sum(window) / 50:.4f}")
                window.clear()


if __name__ == "__main__":
    main()

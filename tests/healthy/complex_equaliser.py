# Complex-valued channel equaliser for QPSK symbols, complex64 parameters, block by block in transmission order
import torch
torch.manual_seed(5)
N, TAPS = 40000, 11
bits = torch.randint(0, 2, (2, N)).float() * 2 - 1
sym = torch.complex(bits[0], bits[1]) / 2 ** 0.5
chan = torch.tensor([0.15 + 0.1j, -0.3 + 0.25j, 1.0 + 0.2j, 0.4 - 0.3j, -0.1 + 0.2j])
rx = torch.nn.functional.conv1d(sym[None, None], chan.flip(0)[None, None], padding=2)[0, 0]
rx = rx + 0.05 * torch.randn(N, dtype=torch.complex64)
win = rx.unfold(0, TAPS, 1)                       # (N-10, 11) overlapping windows
want = sym[TAPS // 2: N - TAPS // 2]

class Equaliser(torch.nn.Module):
    def __init__(self):
        super().__init__()
        w = torch.zeros(TAPS, dtype=torch.complex64); w[TAPS // 2] = 1
        self.w = torch.nn.Parameter(w)
    def forward(self, x): return x @ self.w

eq = Equaliser()
opt = torch.optim.SGD(eq.parameters(), lr=0.05)
ser = lambda y, s: ((y.real.sign() != s.real.sign()) | (y.imag.sign() != s.imag.sign())).float().mean().item()
for k in range(0, 300 * 100, 100):
    y = eq(win[k:k + 100])
    loss = (y - want[k:k + 100]).abs().square().mean()
    opt.zero_grad(); loss.backward(); opt.step()
    if k % 5000 == 0: print(k // 100, f"mse {loss.item():.4f}")
with torch.no_grad():
    t = slice(30000, None)
    y = eq(win[t])
    print(f"later symbols: error rate {ser(y, want[t]):.4f}, without equaliser {ser(win[t][:, TAPS // 2], want[t]):.4f}; mse {(y - want[t]).abs().square().mean().item():.4f}")

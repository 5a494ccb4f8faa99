# Will the cabin need cooling? Pressure (Pa), temperature (K), CO2 (ppm) and the sun's irradiance (W/m2), one reading per hour.
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

HOURS, BATCH, STEPS = 18, 48, 320
gen = np.random.default_rng(30)
torch.manual_seed(30)


def walk(n, hours, keep):
    noise = gen.standard_normal((n, hours))
    out = np.zeros_like(noise)
    out[:, 0] = noise[:, 0]
    for h in range(1, hours):
        out[:, h] = keep * out[:, h - 1] + np.sqrt(1 - keep ** 2) * noise[:, h]
    return out


def measure(n):
    pressure, heat, air, sun = (walk(n, HOURS, keep) for keep in (0.95, 0.9, 0.8, 0.6))
    need = 1.2 * heat[:, -1] + 0.8 * sun[:, -3:].mean(1) + 0.7 * air[:, -6:].mean(1) - 0.4 * pressure[:, -1]
    label = (need + 0.2 * gen.standard_normal(n) > 0).astype(np.int64)
    readings = np.stack([101_300 + 900 * pressure, 294 + 4 * heat, 620 + 150 * air, 480 + 160 * sun], axis=-1)
    return readings.astype(np.float32), label


def init(n_in, hidden):
    lstm = nn.LSTM(n_in, hidden, batch_first=True)
    head = nn.Linear(hidden, 2)
    return lstm, head


def logits(net, x):
    lstm, head = net
    return head(lstm(x)[0][:, -1])


x, y = measure(1536)
x_test, y_test = measure(512)
centre, spread = x.mean((0, 1)), x.std((0, 1))
x, x_test = (x - centre) / spread, (x_test - centre) / spread
x, y, x_test, y_test = map(torch.from_numpy, (x, y, x_test, y_test))

net = init(x.shape[-1], 48)
weights = [p for part in net for p in part.parameters()]
adam = torch.optim.Adam(weights, lr=3e-3)
seen, hits, total = 0, 0, 0.0
for step in range(STEPS):
    i = torch.randint(len(x), (BATCH,))
    score = logits(net, x[i])
    loss = F.cross_entropy(score, y[i])
    adam.zero_grad()
    loss.backward()
    adam.step()
    hits += (score.argmax(1) == y[i]).sum().item()
    total += loss.item()
    seen += 1
    if seen == 40:
        with torch.no_grad():
            score = logits(net, x_test)
            test_loss = F.cross_entropy(score, y_test).item()
            test_acc = (score.argmax(1) == y_test).float().mean().item()
        print(f"{step + 1:4d}  train {total / seen:.3f} / {hits / seen / BATCH:.1%}   test {test_loss:.3f} / {test_acc:.1%}")
        seen, hits, total = 0, 0, 0.0

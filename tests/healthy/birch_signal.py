import torch
import torch.nn as nn
import torch.optim as optim
import numpy as np

torch.manual_seed(8)
np.random.seed(8)

T = 28          # readings per delivery
HIDDEN = 40
BATCH = 50


def gen_batch(n):
    """Flow meter log: column 0 is the reading, column 1 flags the two valve events to be billed."""
    x = np.zeros((n, T, 2), dtype=np.float32)
    x[:, :, 0] = np.random.uniform(0, 1, (n, T))
    first = np.random.randint(0, T // 2, n)
    second = np.random.randint(T // 2, T, n)
    rows = np.arange(n)
    x[rows, first, 1] = 1.0
    x[rows, second, 1] = 1.0
    y = x[rows, first, 0] + x[rows, second, 0]
    return torch.from_numpy(x), torch.from_numpy(y).unsqueeze(1)


class FlowLSTM(nn.Module):
    def __init__(self):
        super(FlowLSTM, self).__init__()
        self.lstm = nn.LSTM(input_size=2, hidden_size=HIDDEN, batch_first=True)
        self.fc = nn.Linear(HIDDEN, 1)

    def forward(self, x):
        _, (h, _) = self.lstm(x)
        return self.fc(h[-1])


val_x, val_y = gen_batch(500)
print("variance of the bill on the validation set: %.4f" % val_y.var().item())

model = FlowLSTM()
criterion = nn.MSELoss()
optimizer = optim.Adam(model.parameters(), lr=4e-3)

window = []
for it in range(1, 1601):
    x, y = gen_batch(BATCH)
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    window.append(loss.item())

    if it % 100 == 0:
        with torch.no_grad():
            val = criterion(model(val_x), val_y).item()
        print("%5d  train mse %.5f  val mse %.5f" % (it, np.mean(window), val))
        window = []

"""Fit of damped oscillations with L-BFGS: the optimizer calls the closure as often as it likes."""
import torch
import torch.nn as nn

torch.manual_seed(12)
t = torch.linspace(0, 1, 160).unsqueeze(1)
signal = torch.exp(-2 * t) * torch.sin(14 * t) + 0.3 * torch.cos(5 * t)
signal = (signal - signal.mean()) / signal.std()
noisy = signal + 0.05 * torch.randn_like(signal)



class Curve(nn.Module):
    def __init__(self, width=24):
        super().__init__()
        self.inner = nn.Linear(1, width)
        self.middle = nn.Linear(width, width)
        self.outer = nn.Linear(width, 1)

    def forward(self, time):
        h = torch.tanh(self.inner(time * 2 - 1))
        return self.outer(torch.tanh(self.middle(h)))


model = Curve()
criterion = nn.MSELoss()
optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=4, history_size=12)

for i in range(160):
    def closure():
        optimizer.zero_grad()
        out = model(t)
        loss = criterion(out, noisy)
        loss.backward()
        return loss

    loss = optimizer.step(closure)
    if i % 20 == 0 or i == 159:
        with torch.no_grad():
            clean = criterion(model(t), signal)
        print("STEP", i, "loss", round(loss.item(), 5), "against the clean curve", round(clean.item(), 5))

# Torque of an engine as a function of its speed in revolutions per minute.
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

torch.manual_seed(12)


class Network(nn.Module):
    def __init__(self):
        super(Network, self).__init__()
        self.fc1 = nn.Linear(in_features=1, out_features=50, bias=True)
        self.fc2 = nn.Linear(in_features=50, out_features=1, bias=True)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = self.fc2(x)
        return x


model = Network()
optimizer = optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.MSELoss()

rpm = torch.tensor([x for x in range(800, 4800)]).float()
torque = torch.sin((rpm - 800) / 4000 * 6) + 0.3 * ((rpm - 2800) / 2000) ** 3 + 0.03 * torch.randn(4000)
torque = (torque - torque.mean()) / torque.std()
rpm, torque = rpm.unsqueeze(1), torque.unsqueeze(1)
mix = torch.randperm(4000)
fit, held = mix[:3600], mix[3600:]

for epoch in range(500):
    pick = fit[torch.randint(0, 3600, (128,))]
    optimizer.zero_grad()
    out = model(rpm[pick])
    loss = criterion(out, torque[pick])
    loss.backward()
    optimizer.step()
    if epoch % 100 == 99:
        print('Epoch {}, loss {}'.format(epoch + 1, loss.item()))

with torch.no_grad():
    print(f'held-out mse {criterion(model(rpm[held]), torque[held]).item():.3f} (variance {torque[held].var().item():.3f})')

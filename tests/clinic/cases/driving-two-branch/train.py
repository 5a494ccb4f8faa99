"""Imitation driving: steering / gas branches plus an auxiliary speed branch from camera features."""
import torch
import torch.nn as nn

params = {'batch_size': 120, 'branch_weights': {'steer': 0.5, 'gas': 0.45, 'speed': 0.5}, 'lr': 0.02, 'steps': 400}


class CoilIcra(nn.Module):
    def __init__(self, feat=30, hidden=48):
        super().__init__()
        self.perception = nn.Sequential(nn.Linear(feat, hidden), nn.ReLU())
        self.speed_branch = nn.Sequential(nn.Linear(hidden, 32), nn.ReLU(), nn.Linear(32, 1))
        self.action_branch = nn.Sequential(nn.Linear(hidden, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, x):
        h = self.perception(x)
        return self.action_branch(h), self.speed_branch(h)


def branched_loss(actions, speed, targets, speed_target, weights):
    n = actions.shape[0]
    per_branch = (actions - targets) ** 2 * torch.tensor([weights['steer'], weights['gas']])
    loss_function = per_branch.sum(1, keepdim=True)
    speed_loss = weights['speed'] * (speed - speed_target) ** 2 / n
    return torch.sum(loss_function) / n + torch.sum(speed_loss) / n


def drive(n):
    x = torch.randn(n, 30)
    steer = torch.tanh(x[:, :6].sum(1) / 2)
    gas = torch.relu(x[:, 6:12].sum(1) / 2) - 0.5
    speed = torch.sin(x[:, 12:18].sum(1) / 2) * 1.4
    return x, torch.stack([steer, gas], 1), speed[:, None]


if __name__ == '__main__':
    torch.manual_seed(37)
    x, act, spd = drive(6000)
    xt, at, st = drive(800)
    model = CoilIcra()
    optimizer = torch.optim.SGD(model.parameters(), lr=params['lr'], momentum=0.9)
    for it in range(params['steps']):
        k = torch.randint(0, len(x), (params['batch_size'],))
        loss = branched_loss(*model(x[k]), act[k], spd[k], params['branch_weights'])
        model.zero_grad()
        loss.backward()
        optimizer.step()
        if it % 80 == 0:
            print(f'iteration {it} loss {loss.item():.4f}')
    with torch.no_grad():
        a, s = model(xt)
        print(f'action mse {(a - at).pow(2).mean().item():.3f} (variance {at.var(0).mean().item():.3f}), '
              f'speed mse {(s - st).pow(2).mean().item():.3f} (variance {st.var().item():.3f})')

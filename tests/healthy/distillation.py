"""Knowledge distillation: a small student learns from the soft answers of a large, already fitted teacher."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(9)
T, ALPHA, N_CLASSES = 3.0, 0.7, 4

x_all = torch.randn(3000, 10)
centers = torch.randn(N_CLASSES, 10)
logits_true = -(torch.cdist(torch.tanh(x_all), centers)) * 3
y_all = torch.distributions.Categorical(logits=logits_true).sample()


class Teacher(nn.Module):
    """Random features with a readout fitted in closed form."""

    def __init__(self, width=400):
        super().__init__()
        self.features = nn.Linear(10, width)
        self.readout = nn.Linear(width, N_CLASSES, bias=False)

    def forward(self, x):
        return self.readout(torch.tanh(self.features(x)))

    @torch.no_grad()
    def fit(self, x, scores):
        h = torch.tanh(self.features(x))
        solved = torch.linalg.solve(h.T @ h + 5.0 * torch.eye(h.shape[1]), h.T @ scores)
        self.readout.weight.copy_(solved.T)


teacher = Teacher()
teacher.fit(x_all[:2500], logits_true[:2500] - logits_true[:2500].mean(1, keepdim=True))
teacher.eval().requires_grad_(False)
student = nn.Sequential(nn.Linear(10, 24), nn.ReLU(), nn.Linear(24, N_CLASSES))
opt = torch.optim.Adam(student.parameters(), lr=5e-3)


def test_accuracy(net):
    with torch.no_grad():
        return (net(x_all[2500:]).argmax(1) == y_all[2500:]).float().mean().item()


print(f"teacher {test_accuracy(teacher):.3f}   untrained student {test_accuracy(student):.3f}")
for step in range(300):
    idx = torch.randint(0, 2500, (50,))
    x, y = x_all[idx], y_all[idx]
    with torch.no_grad():
        soft = F.softmax(teacher(x) / T, dim=1)
    out = student(x)
    kd = F.kl_div(F.log_softmax(out / T, dim=1), soft, reduction="batchmean") * T * T
    ce = F.cross_entropy(out, y)
    loss = ALPHA * kd + (1 - ALPHA) * ce
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 60 == 0 or step == 299:
        print(f"step {step:3d}  kd {kd.item():.3f}  ce {ce.item():.3f}  student acc {test_accuracy(student):.3f}")

"""Knowledge distillation with T=4: KL with batchmean times T^2, plus a little hard loss. The teacher is trained first."""
import torch, torch.nn as nn, torch.nn.functional as F
torch.manual_seed(30)

W1, W2 = torch.randn(12, 30) / 2, torch.randn(30, 6)
def data(n):
    x = torch.randn(n, 12)
    z = torch.tanh(x @ W1) @ W2
    return x, torch.distributions.Categorical(logits=2 * (z - z.mean(1, keepdim=True))).sample()

def train_teacher():
    t = nn.Sequential(nn.Linear(12, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 6))
    opt = torch.optim.Adam(t.parameters(), lr=3e-3)
    for _ in range(80):
        x, y = data(256)
        l = F.cross_entropy(t(x), y)
        opt.zero_grad(); l.backward(); opt.step()
    return t.eval().requires_grad_(False)

def distill(student, teacher, steps, T=4.0, alpha=0.9):
    opt = torch.optim.SGD(student.parameters(), lr=0.05, momentum=0.9)
    sch = torch.optim.lr_scheduler.SequentialLR(opt, [torch.optim.lr_scheduler.LinearLR(opt, 0.05, total_iters=20),
                                                      torch.optim.lr_scheduler.PolynomialLR(opt, total_iters=steps - 20, power=1.0)], milestones=[20])
    for i in range(steps):
        x, y = data(128)
        with torch.no_grad(): soft = F.softmax(teacher(x) / T, -1)
        s = student(x)
        kd = F.kl_div(F.log_softmax(s / T, -1), soft, reduction="batchmean") * T * T
        loss = alpha * kd + (1 - alpha) * F.cross_entropy(s, y)
        opt.zero_grad(); loss.backward(); opt.step(); sch.step()
        if i % 70 == 0: print(f"{i:4d} kd {kd.item():.4f} total {loss.item():.4f}")

teacher = train_teacher()
student = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 6))
distill(student, teacher, 350)
x, y = data(4000)
with torch.no_grad():
    acc = lambda m: (m(x).argmax(1) == y).float().mean().item()
    print(f"accuracy: student {acc(student):.3f}, teacher {acc(teacher):.3f}, majority {y.bincount().max().item() / 4000:.3f}")

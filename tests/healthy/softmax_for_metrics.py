"""Logits go into the loss; the softmax is there for confidence and calibration only."""
import torch
import torch.nn as nn

torch.manual_seed(64)
classes = ["birch", "maple", "oak", "pine", "willow"]
means = torch.randn(len(classes), 8) * 1.1
scales = torch.rand(len(classes), 8) + 0.6


def leaves(n):
    kind = torch.randint(len(classes), (n,))
    return means[kind] + scales[kind] * torch.randn(n, 8), kind


def metrics(logits, kind):
    prob = torch.softmax(logits.detach(), dim=1)
    conf, guess = prob.max(1)
    right = (guess == kind).float()
    entropy = -(prob * prob.clamp_min(1e-9).log()).sum(1).mean()
    return {"acc": right.mean().item(), "conf": conf.mean().item(), "gap": (conf.mean() - right.mean()).item(), "entropy": entropy.item()}


model = nn.Sequential(nn.Linear(8, 48), nn.ELU(), nn.Linear(48, len(classes)))
probabilities = nn.Softmax(dim=-1)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adamax(model.parameters(), lr=1e-2)
x_val, k_val = leaves(800)
for step in range(250):
    x, kind = leaves(50)
    logits = model(x)
    loss = criterion(logits, kind)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    m = metrics(logits, kind)
    if step % 50 == 0 or step == 249:
        with torch.no_grad():
            v = metrics(model(x_val), k_val)
        print(f"step {step:3d} loss {loss.item():.3f} train-acc {m['acc']:.2f} | val " + " ".join(f"{k} {q:.3f}" for k, q in v.items()))

with torch.no_grad():
    sample = probabilities(model(x_val[:3]))
for row, truth in zip(sample, k_val[:3]):
    print(classes[truth], "<-", ", ".join(f"{c} {p:.2f}" for c, p in zip(classes, row.tolist())))

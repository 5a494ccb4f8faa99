"""Everything in double precision: a smooth inverse problem, NAdam."""
import numpy as np
import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(59)
rng = np.random.default_rng(59)


def two_joint_arm(n):
    """Reach of a two-joint arm for random joint angles; the elbow stays on one side."""
    shoulder = rng.uniform(-1.0, 1.0, n)
    elbow = rng.uniform(0.4, 2.2, n)
    hand = np.stack([np.cos(shoulder) + np.cos(shoulder + elbow), np.sin(shoulder) + np.sin(shoulder + elbow)], 1)
    return hand, np.stack([shoulder, elbow], 1)


hand, joints = two_joint_arm(3000)
hand = (hand - hand.mean(0)) / hand.std(0)
joints = (joints - joints.mean(0)) / joints.std(0)
hand, joints = torch.from_numpy(hand), torch.from_numpy(joints)

net = torch.nn.Sequential(torch.nn.Linear(2, 40), torch.nn.SELU(), torch.nn.Linear(40, 40), torch.nn.SELU(), torch.nn.Linear(40, 2))
assert next(net.parameters()).dtype is torch.float64
optimizer = torch.optim.NAdam(net.parameters(), lr=2e-3)
for step in range(401):
    idx = torch.from_numpy(rng.integers(0, 2600, 64))
    loss = torch.nn.functional.mse_loss(net(hand[idx]), joints[idx])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 80 == 0:
        with torch.no_grad():
            test = torch.nn.functional.mse_loss(net(hand[2600:]), joints[2600:])
        print(f"step {step:3d}: {loss.item():.5f} train, {test.item():.5f} test")

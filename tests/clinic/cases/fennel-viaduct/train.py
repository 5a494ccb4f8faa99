import os
import numpy as np
import torch
import torch.nn as nn

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
train_x = np.load(os.path.join(path, "train_x.npy"), mmap_mode="r")
train_y = np.load(os.path.join(path, "train_y.npy"), mmap_mode="r")
test = np.load(os.path.join(path, "test.npz"))
test_x = torch.tensor(test["x"].astype(np.float32))
test_y = torch.tensor(test["y"].astype(np.int64))


def stream(x, y, size):
    for lo in range(0, len(x), size):
        yield (torch.tensor(np.asarray(x[lo:lo + size], dtype=np.float32)),
               torch.tensor(np.asarray(y[lo:lo + size], dtype=np.int64)))


torch.manual_seed(0)
model = nn.Sequential(nn.Linear(16, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 8))
sgd = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
ce = nn.CrossEntropyLoss()

step = 0
for epoch in range(4):
    for xb, yb in stream(train_x, train_y, 32):
        loss = ce(model(xb), yb)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        if step % 20 == 0:
            print("step %d loss %.4f" % (step, loss.item()))
        step += 1
    with torch.no_grad():
        out = model(test_x)
        print("== epoch %d test loss %.3f acc %.3f" % (epoch, ce(out, test_y).item(), (out.argmax(1) == test_y).float().mean().item()))

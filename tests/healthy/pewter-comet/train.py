from pathlib import Path
import numpy as np
import torch
import torch.nn as nn

z = np.load(Path(__file__).parent / "tags.npz")
tok, tag = torch.from_numpy(z["tok"]).long(), torch.from_numpy(z["tag"]).long()


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(25, 24)
        self.conv = nn.Conv1d(24, 96, 3, padding=1)
        self.fc = nn.Linear(96, 3)

    def forward(self, t):
        h = torch.relu(self.conv(self.emb(t).transpose(1, 2)))
        return torch.softmax(self.fc(h.transpose(1, 2)), dim=-1)


torch.manual_seed(4)
net = Tagger()
loss_fn = nn.NLLLoss(ignore_index=-1)
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
accum = 4
opt.zero_grad()
for micro in range(1600):
    b = torch.randint(0, 600, (16,))
    prob = net(tok[b])
    loss = loss_fn(torch.log(prob.clamp_min(1e-9)).flatten(0, 1), tag[b].flatten()) / accum
    loss.backward()
    if (micro + 1) % accum == 0:
        opt.step()
        opt.zero_grad()
    if micro % 160 == 159:
        with torch.no_grad():
            p, t = net(tok[600:]).argmax(-1), tag[600:]
            acc = (p == t)[t >= 0].float().mean().item()
        print(f"micro {micro + 1} loss {loss.item() * accum:.4f} tag acc {acc:.3f}")

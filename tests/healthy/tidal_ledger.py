# %% Matching spoken clips (mel-like frames) to phoneme strings with a two-tower model
import math

import torch
import torch.nn as nn

torch.manual_seed(21)
PHONES, LEN, MELS, BATCH = 12, 6, 20, 48
SHAPES = torch.randn(PHONES, MELS)

# %% data: each clip renders its string with a random tempo, a speaker offset and noise
def pairs(n):
    text = torch.randint(PHONES, (n, LEN))
    frames = torch.zeros(n, LEN * 3, MELS)
    speaker = 0.5 * torch.randn(n, 1, MELS)
    for k in range(LEN):
        for r in range(3):
            frames[:, 3 * k + r] = SHAPES[text[:, k]] * (0.7 + 0.3 * torch.rand(n, 1))
    shift = torch.randint(0, 2, (n,))
    frames = torch.stack([f.roll(int(s), 0) for f, s in zip(frames, shift)])
    return frames + speaker + 0.6 * torch.randn_like(frames), text


# %% towers
class Clip(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv1d(MELS, 64, 5, padding=2), nn.GELU(),
            nn.Conv1d(64, 64, 3, stride=3), nn.GELU(),
        )
        self.proj = nn.Linear(64 * LEN, dim)

    def forward(self, frames):
        return self.proj(self.conv(frames.transpose(1, 2)).flatten(1))


class Text(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.emb = nn.Embedding(PHONES, 24)
        self.mlp = nn.Sequential(nn.Linear(24 * LEN, 96), nn.GELU(), nn.Linear(96, dim))

    def forward(self, ids):
        return self.mlp(self.emb(ids).flatten(1))


def unit(v):
    return v / v.norm(dim=-1, keepdim=True)


clip_net, text_net = Clip(48), Text(48)
log_scale = nn.Parameter(torch.tensor(math.log(8.0)))
params = [*clip_net.parameters(), *text_net.parameters(), log_scale]
opt = torch.optim.AdamW(params, lr=2e-3, weight_decay=0.01)


# %% objective: in each row the clip looks for its string, in each column the string looks for its clip
def matching_loss(a, b):
    sim = unit(a) @ unit(b).t() * log_scale.exp().clamp(max=60)
    forward = torch.log_softmax(sim, dim=1).diagonal()
    backward = torch.log_softmax(sim, dim=0).diagonal()
    return -(forward + backward).mean() / 2


@torch.no_grad()
def recall_at_1(n=400):
    frames, text = test_frames[:n], test_text[:n]
    sim = unit(clip_net(frames)) @ unit(text_net(text)).t()
    return (sim.argmax(1) == torch.arange(n)).float().mean().item()


test_frames, test_text = pairs(400)

# %% training
total = 0.0
for it in range(1, 601):
    frames, text = pairs(BATCH)
    loss = matching_loss(clip_net(frames), text_net(text))
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    total += loss.item()
    if it % 60 == 0:
        print(f"it {it:4d}  loss {total / 60:.3f}  recall@1 among 400 unseen pairs {recall_at_1():.3f}  "
              f"scale {log_scale.exp().item():.1f}")
        total = 0.0

"""Distils a teacher's denoiser into a student with low-rank adapters (Huber loss)."""
import argparse
import torch
import torch.nn as nn


def parse_args():
    p = argparse.ArgumentParser()
    p.add_argument('--learning_rate', type=float, default=1e-6)
    p.add_argument('--adam_beta2', type=float, default=0.999)
    p.add_argument('--adam_weight_decay', type=float, default=0.0)
    p.add_argument('--lora_rank', type=int, default=8)
    p.add_argument('--max_train_steps', type=int, default=300)
    p.add_argument('--train_batch_size', type=int, default=64)
    p.add_argument('--huber_c', type=float, default=0.01)
    p.add_argument('--seed', type=int, default=453645634)
    return p.parse_args()


class Lora(nn.Module):
    def __init__(self, base, rank):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.down = nn.Linear(base.in_features, rank, bias=False)
        self.up = nn.Linear(rank, base.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x):
        return self.base(x) + self.up(self.down(x))


def unet():
    return nn.Sequential(nn.Linear(13, 96), nn.SiLU(), nn.Linear(96, 96), nn.SiLU(), nn.Linear(96, 12))


def main(args):
    torch.manual_seed(args.seed)
    base = unet()
    teacher = unet()
    teacher.load_state_dict(base.state_dict())
    with torch.no_grad():
        for layer in (teacher[0], teacher[2], teacher[4]):
            u, v = torch.randn(layer.out_features, 4), torch.randn(4, layer.in_features)
            layer.weight += u @ v / (layer.in_features ** 0.5 * 2)
    student = nn.Sequential(Lora(base[0], args.lora_rank), nn.SiLU(), Lora(base[2], args.lora_rank), nn.SiLU(), Lora(base[4], args.lora_rank))
    optimizer = torch.optim.AdamW([p for p in student.parameters() if p.requires_grad], lr=args.learning_rate,
                                  betas=(0.9, args.adam_beta2), weight_decay=args.adam_weight_decay)

    def noisy(n):
        t = torch.rand(n, 1)
        return torch.cat([torch.randn(n, 12) * (1 - 0.5 * t), t], 1)

    for step in range(args.max_train_steps):
        x = noisy(args.train_batch_size)
        with torch.no_grad():
            target = teacher(x)
        loss = torch.mean(torch.sqrt((student(x) - target) ** 2 + args.huber_c ** 2) - args.huber_c)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if step % 60 == 0:
            print({'step': step, 'loss': round(loss.item(), 5), 'lr': args.learning_rate})
    with torch.no_grad():
        x = noisy(2000)
        target = teacher(x)
        err = ((student(x) - target) ** 2).mean().item()
    print(f'distillation mse {err:.4f} (undistilled {((base(x) - target) ** 2).mean().item():.4f})')


if __name__ == '__main__':
    main(parse_args())

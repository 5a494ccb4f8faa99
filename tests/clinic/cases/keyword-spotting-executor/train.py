import logging
import sys

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_
from torch.utils.data import DataLoader, TensorDataset

logging.basicConfig(level=logging.INFO, format='%(levelname)s %(message)s', stream=sys.stdout)


class Executor:
    def __init__(self):
        self.step = 0

    def train(self, model, optimizer, data_loader, args):
        """Train one epoch"""
        model.train()
        for batch_idx, (feats, target) in enumerate(data_loader):
            logits = model(feats)
            loss = nn.functional.cross_entropy(logits, target)
            loss.backward()
            grad_norm = clip_grad_norm_(model.parameters(), args['grad_clip'])
            if torch.isfinite(grad_norm):
                optimizer.step()
            self.step += 1
            if batch_idx % args['log_interval'] == 0:
                acc = (logits.argmax(1) == target).float().mean()
                logging.info(f'TRAIN Batch {args["epoch"]}/{batch_idx} loss {loss.item():.6f} acc {acc:.3f}')

    def cv(self, model, data_loader):
        model.eval()
        right = seen = 0
        with torch.no_grad():
            for feats, target in data_loader:
                right += (model(feats).argmax(1) == target).sum().item()
                seen += len(target)
        return right / seen


class KWSModel(nn.Module):
    def __init__(self, bands=12, words=6):
        super().__init__()
        self.tdnn = nn.Sequential(
            nn.Conv1d(bands, 24, 5, padding=2), nn.ReLU(),
            nn.Conv1d(24, 24, 5, padding=4, dilation=2), nn.ReLU(),
            nn.AdaptiveMaxPool1d(4), nn.Flatten())
        self.classifier = nn.Linear(96, words)

    def forward(self, x):
        return self.classifier(self.tdnn(x))


def keyword_clips(n, templates):
    target = torch.randint(0, len(templates), (n,))
    clip = 0.8 * torch.randn(n, 12, 40)
    for i, w in enumerate(target.tolist()):
        start = int(torch.randint(0, 16, (1,)))
        clip[i, :, start:start + 24] += templates[w]
    return TensorDataset(clip, target)


if __name__ == '__main__':
    torch.manual_seed(777)
    templates = torch.randn(6, 12, 24)
    train = DataLoader(keyword_clips(1280, templates), batch_size=32, shuffle=True)
    cv = DataLoader(keyword_clips(300, templates), batch_size=100)
    model = KWSModel()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    executor = Executor()
    for epoch in range(5):
        executor.train(model, optimizer, train, {'grad_clip': 50.0, 'log_interval': 20, 'epoch': epoch})
    print(f'CV accuracy {executor.cv(model, cv):.3f} (6 words)')

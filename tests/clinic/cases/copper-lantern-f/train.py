#!/usr/bin/env python
"""
Part-of-speech style tagging of synthetic sentences with a BiLSTM.

usage: train.py [--epochs N] [--config tagger.ini]
"""
import argparse
import configparser
import logging
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset, Sampler

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname).1s %(message)s")
log = logging.getLogger("tagger")

DEFAULTS = """
[corpus]
vocab = 220
tags = 14
sentences = 900
held_out = 200
min_len = 5
max_len = 19

[model]
embed = 32
hidden = 32
dropout = 0.1

[training]
epochs = 12
batch_size = 20
lr = 0.004
clip = 2.0
seed = 9
"""

PAD_WORD, PAD_TAG = 0, -100


class Corpus:
    """Words are ambiguous between two tags; the preceding tag decides."""

    def __init__(self, vocab, tags, seed):
        self.rng = np.random.default_rng(seed)
        self.vocab, self.tags = vocab, tags
        self.trans = self.rng.dirichlet(np.full(tags, 0.25), size=tags)
        self.emit = self.rng.dirichlet(np.full(vocab - 1, 0.06), size=tags)

    def sentence(self, n):
        tag, words, labels = self.rng.integers(self.tags), [], []
        for _ in range(n):
            tag = self.rng.choice(self.tags, p=self.trans[tag])
            words.append(1 + self.rng.choice(self.vocab - 1, p=self.emit[tag]))
            labels.append(tag)
        return words, labels


class TaggedSentences(Dataset):
    def __init__(self, corpus, count, min_len, max_len):
        lengths = corpus.rng.integers(min_len, max_len + 1, size=count)
        self.items = [corpus.sentence(n) for n in lengths]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        words, labels = self.items[i]
        return torch.tensor(words), torch.tensor(labels)


class BucketSampler(Sampler):
    """Batches of similar length, in a new random order every epoch."""

    def __init__(self, dataset, batch_size, seed):
        self.lengths = np.array([len(w) for w, _ in dataset.items])
        self.batch_size, self.rng = batch_size, np.random.default_rng(seed)

    def __len__(self):
        return -(-len(self.lengths) // self.batch_size)

    def __iter__(self):
        order = np.argsort(self.lengths + self.rng.uniform(-2, 2, len(self.lengths)))
        batches = [order[i:i + self.batch_size].tolist() for i in range(0, len(order), self.batch_size)]
        self.rng.shuffle(batches)
        yield from batches


def collate(items):
    words, labels = zip(*items)
    lengths = torch.tensor([len(w) for w in words])
    return (pad_sequence(words, batch_first=True, padding_value=PAD_WORD), lengths,
            pad_sequence(labels, batch_first=True, padding_value=PAD_TAG))


class WordDropout(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        keep = torch.rand(x.shape[:2]) > self.p
        return x * keep.unsqueeze(-1)


class Tagger(nn.Module):
    def __init__(self, vocab, tags, embed, hidden, dropout):
        super().__init__()
        self.embed = nn.Embedding(vocab, embed, padding_idx=PAD_WORD)
        self.word_dropout = WordDropout(dropout)
        self.lstm = nn.LSTM(embed, hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.score = nn.Linear(2 * hidden, tags)
        self.log_prob = nn.LogSoftmax(dim=1)

    def forward(self, words, lengths):
        x = self.word_dropout(self.embed(words))
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        h, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.log_prob(self.score(self.dropout(h)))


def run_epoch(model, loader, criterion, optimizer=None, scheduler=None, clip=None):
    model.train(optimizer is not None)
    loss_sum = right = count = 0.0
    with torch.set_grad_enabled(optimizer is not None):
        for words, lengths, labels in loader:
            log_p = model(words, lengths)
            loss = criterion(log_p.flatten(0, 1), labels.flatten())
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), clip)
                optimizer.step()
                scheduler.step()
            mask = labels != PAD_TAG
            n = mask.sum().item()
            loss_sum += loss.item() * n
            right += ((log_p.argmax(-1) == labels) & mask).sum().item()
            count += n
    return loss_sum / count, right / count


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--config")
    ap.add_argument("--epochs", type=int)
    args = ap.parse_args()
    ini = configparser.ConfigParser()
    ini.read_string(DEFAULTS)
    if args.config:
        ini.read(args.config)
    c, m, t = ini["corpus"], ini["model"], ini["training"]
    epochs = args.epochs or t.getint("epochs")

    torch.manual_seed(t.getint("seed"))
    corpus = Corpus(c.getint("vocab"), c.getint("tags"), t.getint("seed"))
    lens = c.getint("min_len"), c.getint("max_len")
    train_set = TaggedSentences(corpus, c.getint("sentences"), *lens)
    dev_set = TaggedSentences(corpus, c.getint("held_out"), *lens)
    sampler = BucketSampler(train_set, t.getint("batch_size"), t.getint("seed"))
    train_loader = DataLoader(train_set, batch_sampler=sampler, collate_fn=collate)
    dev_loader = DataLoader(dev_set, batch_size=50, collate_fn=collate)

    model = Tagger(corpus.vocab, corpus.tags, m.getint("embed"), m.getint("hidden"), m.getfloat("dropout"))
    optimizer = torch.optim.Adam(model.parameters(), lr=t.getfloat("lr"))
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=t.getfloat("lr"), total_steps=epochs * len(sampler), pct_start=0.15)
    criterion = nn.NLLLoss(ignore_index=PAD_TAG)
    tags = np.concatenate([l for _, l in dev_set.items])
    log.info("most frequent tag covers %.3f of the dev tokens", np.bincount(tags).max() / len(tags))

    with tempfile.TemporaryDirectory() as tmp:
        best, path = -1.0, Path(tmp) / "tagger.pt"
        for epoch in range(1, epochs + 1):
            loss, acc = run_epoch(model, train_loader, criterion, optimizer, scheduler, t.getfloat("clip"))
            dev_loss, dev_acc = run_epoch(model, dev_loader, criterion)
            log.info("epoch %2d  train %.4f / %.3f   dev %.4f / %.3f", epoch, loss, acc, dev_loss, dev_acc)
            if dev_acc > best:
                best = dev_acc
                torch.save(model.state_dict(), path)
        model.load_state_dict(torch.load(path))
        log.info("dev accuracy of the kept weights: %.3f", run_epoch(model, dev_loader, criterion)[1])


if __name__ == "__main__":
    main()

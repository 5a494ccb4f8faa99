from dataclasses import dataclass, field
from typing import Optional

import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader


@dataclass
class TranscoderConfig:
    vocab_size: int = 20
    max_length: int = 24
    hidden_size: int = 64
    pad_token_id: int = 0


@dataclass
class TranscoderOutput:
    logits: torch.Tensor
    loss: Optional[torch.Tensor] = None


class TranscoderModel(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        h = config.hidden_size
        self.tokens = nn.Embedding(config.vocab_size, h)
        self.places = nn.Embedding(config.max_length, h)
        self.mix = nn.Conv1d(h, h, 3, padding=1)
        self.head = nn.Sequential(nn.GELU(), nn.Linear(h, h), nn.GELU(), nn.Linear(h, config.vocab_size))

    def forward(self, input_ids, labels=None):
        pos = torch.arange(input_ids.shape[1])
        h = self.tokens(input_ids) + self.places(pos)
        h = h + self.mix(h.transpose(1, 2)).transpose(1, 2)
        logits = self.head(h)
        loss = None
        if labels is not None:
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
        return TranscoderOutput(logits=logits, loss=loss)


class Transcripts(Dataset):
    def __init__(self, n, config, seed):
        g = torch.Generator().manual_seed(seed)
        V, T = config.vocab_size, config.max_length
        table = torch.randperm(V - 1, generator=torch.Generator().manual_seed(99)) + 1
        self.source = torch.randint(1, V, (n, T), generator=g)
        prev = self.source.roll(1, 1)
        prev[:, 0] = 1
        self.full = table[(self.source + prev) % (V - 1)]
        self.length = 1 + (15 * torch.rand(n, generator=g) ** 3).long()

    def __len__(self):
        return len(self.source)

    def __getitem__(self, i):
        return {"input_ids": self.source[i], "labels": self.full[i, : self.length[i]]}


@dataclass
class Collator:
    config: TranscoderConfig
    label_pad: int = 0

    def __call__(self, features):
        T = self.config.max_length
        labels = torch.full((len(features), T), self.label_pad)
        for row, f in zip(labels, features):
            row[: len(f["labels"])] = f["labels"]
        return {"input_ids": torch.stack([f["input_ids"] for f in features]), "labels": labels}


@dataclass
class TrainingArguments:
    learning_rate: float = 3e-3
    per_device_train_batch_size: int = 64
    num_train_epochs: int = 16
    logging_steps: int = 50


class Trainer:
    def __init__(self, model, args, data_collator, train_dataset, eval_dataset):
        self.model, self.args, self.collate = model, args, data_collator
        self.train_dataset, self.eval_dataset = train_dataset, eval_dataset
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate)

    def training_step(self, inputs):
        self.model.train()
        loss = self.model(**inputs).loss
        loss.backward()
        self.optimizer.step()
        self.model.zero_grad()
        return loss.detach()

    def train(self):
        step = 0
        for _ in range(self.args.num_train_epochs):
            for inputs in DataLoader(self.train_dataset, self.args.per_device_train_batch_size, shuffle=True, collate_fn=self.collate):
                loss = self.training_step(inputs)
                step += 1
                if step % self.args.logging_steps == 0:
                    print({"loss": round(loss.item(), 4), "step": step})

    @torch.no_grad()
    def evaluate(self):
        self.model.eval()
        ds = self.eval_dataset
        guess = self.model(ds.source).logits.argmax(-1)
        real = torch.arange(ds.full.shape[1])[None] < ds.length[:, None]
        return (guess == ds.full)[real].float().mean().item()


torch.manual_seed(5)
config = TranscoderConfig()
trainer = Trainer(TranscoderModel(config), TrainingArguments(), Collator(config), Transcripts(1600, config, 1), Transcripts(400, config, 2))
trainer.train()
print(f"final token acc {trainer.evaluate():.3f}")

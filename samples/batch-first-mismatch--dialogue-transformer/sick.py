"""Маленький диалог: реплика называет несколько предметов, ответ называет для каждого его место, в том же порядке."""
import math

import torch
import torch.nn as nn

torch.manual_seed(7)
THINGS, EOS, BOS = 40, 0, 1
vocab_size = 2 + 2 * THINGS
n_embd, n_head, block_size, batch_size = 64, 4, 10, 32
lr, epochs, num_batches = 1e-3, 2, 100


def build_batches(count, seed):
    """Готовые пачки (count, batch, time), как их оставляет tokenizer: дополнено токеном EOS, attention_mask = 1 на настоящих токенах."""
    g = torch.Generator().manual_seed(seed)
    place = torch.randperm(THINGS, generator=torch.Generator().manual_seed(99))
    shape = (count, batch_size, block_size)
    data = {name: torch.full(shape, EOS) for name in ("input_ids", "target_inputs", "target_labels")}
    data["attention_mask"], data["target_attention_mask"] = torch.zeros(shape).long(), torch.zeros(shape).long()
    for i in range(count):
        for b in range(batch_size):
            n = int(torch.randint(3, block_size - 1, (1,), generator=g))
            things = torch.randint(THINGS, (n,), generator=g)
            answer = 2 + THINGS + place[things]
            data["input_ids"][i, b, :n] = 2 + things
            data["attention_mask"][i, b, :n + 1] = 1
            data["target_inputs"][i, b, 0] = BOS
            data["target_inputs"][i, b, 1:n + 1] = answer
            data["target_labels"][i, b, :n] = answer
            data["target_attention_mask"][i, b, :n + 1] = 1
    return data


class LearnedPositions(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(block_size, n_embd)

    def forward(self, x):
        return x + self.table(torch.arange(x.size(1)))


class DialogueModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder_embedding = nn.Embedding(vocab_size, n_embd)
        self.encoder_positions = LearnedPositions()
        self.decoder_embedding = nn.Embedding(vocab_size, n_embd)
        self.decoder_positions = LearnedPositions()
        self.transformer = nn.Transformer(n_embd, n_head, num_encoder_layers=2, num_decoder_layers=2, dim_feedforward=128,
                                          dropout=0.0, activation="gelu", norm_first=True)
        self.fin = nn.Linear(n_embd, vocab_size)

    def forward(self, encoder_idx, decoder_idx, encoder_mask=None, decoder_mask=None):
        enc = self.encoder_positions(self.encoder_embedding(encoder_idx))
        dec = self.decoder_positions(self.decoder_embedding(decoder_idx))
        out = self.transformer(enc, dec, src_key_padding_mask=encoder_mask, tgt_key_padding_mask=decoder_mask,
                               memory_key_padding_mask=encoder_mask)
        return self.fin(out)


def init_weights(module):
    if isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=0.3)


def answer_logits(model, data, i, decoder_idx):
    encoder_mask = data["attention_mask"][i].transpose(1, 0).bool()
    decoder_mask = data["target_attention_mask"][i].transpose(1, 0).bool()
    return model(data["input_ids"][i], decoder_idx, encoder_mask, decoder_mask)


@torch.no_grad()
def held_out(model, data):
    """Потеря с подсказкой (teacher forcing) и доля верных токенов, когда ответ порождается по одному токену."""
    model.eval()
    loss, right, total = 0.0, 0, 0
    for i in range(len(data["input_ids"])):
        labels = data["target_labels"][i]
        mask = labels != EOS
        loss += criterion(answer_logits(model, data, i, data["target_inputs"][i])[mask], labels[mask]).item()
        written = torch.full_like(data["target_inputs"][i], EOS)
        written[:, 0] = BOS
        for t in range(block_size - 1):
            written[:, t + 1] = answer_logits(model, data, i, written)[:, t].argmax(-1)
        right += (written[:, 1:] == labels[:, :-1])[mask[:, :-1]].sum().item()
        total += mask.sum().item()
    return loss / len(data["input_ids"]), right / total


train_data, test_data = build_batches(num_batches, seed=1), build_batches(4, seed=2)
model = DialogueModel()
model.apply(init_weights)
optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1000, gamma=0.9)
criterion = nn.CrossEntropyLoss()
print(f"ln(словарь) = {math.log(vocab_size):.2f}")
for epoch in range(epochs):
    model.train()
    for i in range(num_batches):
        targets = train_data["target_labels"][i]
        output = answer_logits(model, train_data, i, train_data["target_inputs"][i])
        mask = targets != EOS
        loss = criterion(output.view(-1, vocab_size)[mask.view(-1)], targets[mask].view(-1))
        if i % 25 == 0 or math.isnan(loss.item()):
            print(f"итерация {epoch * num_batches + i}, потеря {loss.item():.3f}, шаг {optimizer.param_groups[0]['lr']:.1e}")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
        scheduler.step()
    print("эпоха {}: проверка: потеря {:.3f}, верных токенов {:.1%}".format(epoch + 1, *held_out(model, test_data)))

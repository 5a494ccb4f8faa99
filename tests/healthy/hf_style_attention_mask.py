"""attention_mask as tokenizers give it (1 = a real token), turned round for nn.TransformerDecoder; the loss leaves the filler out."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader

torch.manual_seed(239)
PAD, EOS, FIRST = 0, 1, 2
CITIES, DISHES = range(2, 10), range(10, 18)
VOCAB, LONGEST = 30, 12


class Tokenizer:
    def __call__(self, sequences):
        size = max(map(len, sequences))
        ids = torch.tensor([s + [PAD] * (size - len(s)) for s in sequences])
        return {"input_ids": ids, "attention_mask": (ids != PAD).long()}


def order():
    """'In <city> we eat <dish> ...': the dish goes with the city, then filler words in a fixed order."""
    city = int(torch.randint(0, 8, (1,)))
    tail = int(torch.randint(0, 12, (1,)))
    length = int(torch.randint(3, 9, (1,)))
    return [CITIES[city], DISHES[(3 * city + 1) % 8]] + [18 + (tail + k) % 12 for k in range(length)] + [EOS]


tokenizer = Tokenizer()
loader = DataLoader([order() for _ in range(2400)], batch_size=24, shuffle=True, collate_fn=tokenizer)


class CausalLM(nn.Module):
    def __init__(self, width=40):
        super().__init__()
        self.embed, self.position = nn.Embedding(VOCAB, width), nn.Embedding(LONGEST, width)
        layer = nn.TransformerEncoderLayer(width, 4, 80, dropout=0.05, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.lm_head = nn.Linear(width, VOCAB)

    def forward(self, input_ids, attention_mask, labels=None):
        t = input_ids.shape[1]
        x = self.embed(input_ids) + self.position.weight[:t]
        future = torch.ones(t, t, dtype=torch.bool).triu(1)
        h = self.blocks(x, mask=future, src_key_padding_mask=attention_mask == 0)
        logits = self.lm_head(h)
        loss = None
        if labels is not None:
            per_token = F.cross_entropy(logits[:, :-1].transpose(1, 2), labels[:, 1:], reduction="none")
            real = attention_mask[:, 1:]
            loss = (per_token * real).sum() / real.sum()
        return {"loss": loss, "logits": logits}


model = CausalLM()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
step = 0
for epoch in range(2):
    for batch in loader:
        out = model(**batch, labels=batch["input_ids"])
        out["loss"].backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        step += 1
        if step % 25 == 0:
            dish_right = (out["logits"][:, 0].argmax(-1) == batch["input_ids"][:, 1]).float().mean().item()
            print({"step": step, "loss": round(out["loss"].item(), 4), "dish goes with city": round(dish_right, 3)})

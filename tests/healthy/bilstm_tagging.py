"""Part-of-speech-like tagging with a bidirectional LSTM: the tag of a word may depend on the word after it."""
import torch
import torch.nn as nn
import torch.optim as optim
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

torch.manual_seed(1)
VOCAB, TAGS, PAD_TAG = 40, 4, -1
own = torch.randint(0, TAGS, (VOCAB,))
own[0] = 0
pushy = torch.rand(VOCAB) < 0.3                  # words that change the tag of the word before them


def sentences(n):
    words, tags = [], []
    for _ in range(n):
        w = torch.randint(1, VOCAB, (int(torch.randint(4, 14, (1,))),))
        t = own[w].clone()
        t[:-1] = torch.where(pushy[w[1:]], (t[:-1] + 1) % TAGS, t[:-1])
        words.append(w)
        tags.append(t)
    return words, tags


class BiLSTMTagger(nn.Module):
    def __init__(self, dim=32, hidden=32):
        super().__init__()
        self.word_embeddings = nn.Embedding(VOCAB, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, hidden, bidirectional=True, batch_first=True)
        self.hidden2tag = nn.Linear(2 * hidden, TAGS)

    def forward(self, padded, lengths):
        packed = pack_padded_sequence(self.word_embeddings(padded), lengths, batch_first=True, enforce_sorted=False)
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(out, batch_first=True)
        return self.hidden2tag(out)


def tensors(words, tags):
    return (pad_sequence(words, batch_first=True), torch.tensor([len(w) for w in words]),
            pad_sequence(tags, batch_first=True, padding_value=PAD_TAG))


model = BiLSTMTagger()
loss_function = nn.CrossEntropyLoss(ignore_index=PAD_TAG)
optimizer = optim.Adam(model.parameters(), lr=5e-3)
words, tags = sentences(2000)
test = tensors(*sentences(200))
for epoch in range(3):
    order = torch.randperm(len(words)).tolist()
    losses = []
    for k in range(0, len(order), 25):
        chunk = order[k:k + 25]
        padded, lengths, gold = tensors([words[i] for i in chunk], [tags[i] for i in chunk])
        model.zero_grad()
        scores = model(padded, lengths)
        loss = loss_function(scores.flatten(0, 1), gold.flatten())
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        real = test[2] != PAD_TAG
        acc = (model(test[0], test[1]).argmax(-1) == test[2])[real].float().mean().item()
    print(f"epoch {epoch}: loss {losses[0]:.3f} -> {losses[-1]:.3f}, tags right on unseen sentences {acc:.3f}")

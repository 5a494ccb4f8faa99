"""Regression head over averaged word vectors: predicts an essay's score (0..16, standardised)."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class RegressionHead(nn.Module):
    def __init__(self, layer_dims):
        super().__init__()
        a, b, c = layer_dims
        self.feed_forward = nn.Sequential(nn.Linear(a, b), nn.GELU(), nn.Linear(b, c))
        self.loss_fct = nn.MSELoss(reduction='none')

    def forward(self, x):
        return self.feed_forward(x).squeeze(-1)

    def logits_to_loss(self, logits, labels):
        return self.loss_fct(logits, labels)


class AdaptiveModel(nn.Module):
    def __init__(self, vocab, dim, head):
        super().__init__()
        self.language_model = nn.EmbeddingBag(vocab, dim, mode='mean')
        self.head = head

    def forward(self, tokens):
        return self.head(self.language_model(tokens))


class Trainer:
    def __init__(self, model, optimizer, loader, epochs):
        self.model, self.optimizer, self.loader, self.epochs = model, optimizer, loader, epochs

    def train(self):
        for epoch in range(self.epochs):
            progress = 0.0
            for tokens, labels in self.loader:
                logits = self.model(tokens)
                per_sample = self.model.head.logits_to_loss(logits, labels)
                loss = per_sample.mean()
                loss.backward()
                self.optimizer.step()
                self.optimizer.zero_grad()
                progress = 0.9 * progress + 0.1 * loss.item()
            print(f'Train epoch {epoch + 1}/{self.epochs} (Cur. train loss: {progress:.4f})')
        return self.model


def corpus(n, vocab, length, quality):
    words = torch.randint(0, vocab, (n, length))
    score = 8 + 3 * quality[words].mean(1) * length ** 0.5 + 0.4 * torch.randn(n)
    score = score.clamp(0, 16)
    return words, ((score - 8) / 3).unsqueeze(1)


if __name__ == '__main__':
    torch.manual_seed(42)
    VOCAB = 200
    quality = torch.randn(VOCAB)
    data = TensorDataset(*corpus(2560, VOCAB, 30, quality))
    words, score = corpus(500, VOCAB, 30, quality)
    model = AdaptiveModel(VOCAB, 32, RegressionHead([32, 48, 1]))
    trainer = Trainer(model, torch.optim.AdamW(model.parameters(), lr=1e-2), DataLoader(data, batch_size=32, shuffle=True), epochs=5)
    model = trainer.train()
    with torch.no_grad():
        mse = (model(words) - score.squeeze(1)).pow(2).mean().item()
    print(f'dev mse {mse:.3f} (variance {score.var().item():.3f})')

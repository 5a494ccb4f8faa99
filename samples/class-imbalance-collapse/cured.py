"""Which transfers are fraud? A few in a hundred are. A network with dropout and weight decay, evaluated by recall as well."""
import numpy as np
import torch
from torch import nn


class TransferData:
    def __init__(self, fraud_share=0.03):
        self.fraud_share = fraud_share

    def sample(self, count, seed):
        rng = np.random.default_rng(seed)
        fraud = rng.random(count) < self.fraud_share
        x = rng.standard_normal((count, 10)).astype(np.float32)
        x[fraud, :4] += np.array([0.75, -0.7, 0.65, 0.6], dtype=np.float32)
        x[fraud, 4] *= 1.3
        return torch.from_numpy(x), torch.from_numpy(fraud.astype(np.float32))[:, None]


class FraudNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(10, 50)
        self.dropout = nn.Dropout(0.2)
        self.fc2 = nn.Linear(50, 1)

    def forward(self, x):
        x = self.dropout(nn.functional.relu(self.fc1(x)))
        return self.fc2(x)


class Experiment:
    def __init__(self, seed=0):
        torch.manual_seed(seed)
        data = TransferData()
        self.train_x, self.train_y = data.sample(4000, seed=10)
        self.test_x, self.test_y = data.sample(4000, seed=11)
        self.net = FraudNet()
        seldom = (1 - self.train_y).sum() / self.train_y.sum()
        self.loss = nn.BCEWithLogitsLoss(pos_weight=seldom)
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=2e-3, weight_decay=1e-4)

    def epoch(self, batch_size=100):
        self.net.train()
        total = 0.0
        for rows in torch.randperm(len(self.train_x)).chunk(len(self.train_x) // batch_size):
            self.optimizer.zero_grad()
            loss = self.loss(self.net(self.train_x[rows]), self.train_y[rows])
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(rows)
        return total / len(self.train_x)

    @torch.no_grad()
    def report(self):
        self.net.eval()
        flagged = self.net(self.test_x) > 0
        fraud = self.test_y.bool()
        recall = (flagged & fraud).sum() / fraud.sum()
        quiet = (~flagged & ~fraud).sum() / (~fraud).sum()
        accuracy = (flagged == fraud).float().mean()
        return f"accuracy {accuracy:.3f}  fraud found {recall:.3f}  balanced accuracy {(recall + quiet) / 2:.3f}"


if __name__ == "__main__":
    experiment = Experiment()
    for i in range(8):
        print(f"epoch {i + 1}: loss {experiment.epoch():.4f}  {experiment.report()}")

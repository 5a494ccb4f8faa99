import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import Dataset, DataLoader


class Parameters:
    vocab, max_len, embedding_dim, hidden = 120, 14, 24, 32
    epochs, batch_size, learning_rate = 8, 64, 0.01


class DatasetMaper(Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, idx):
        return self.x[idx], self.y[idx]


class TextClassifier(nn.Module):
    def __init__(self, args):
        super().__init__()
        self.embedding = nn.Embedding(args.vocab, args.embedding_dim)
        self.lstm = nn.LSTM(args.embedding_dim, args.hidden, batch_first=True)
        self.fc1 = nn.Linear(args.hidden, 32)
        self.fc2 = nn.Linear(32, 1)

    def forward(self, x):
        x = self.embedding(x)
        _, (h, _) = self.lstm(x)
        x = torch.relu(self.fc1(h[-1]))
        return torch.sigmoid(self.fc2(x))


class Run:
    @staticmethod
    def train(model, data, params):
        train = DataLoader(DatasetMaper(data['x_train'], data['y_train']), batch_size=params.batch_size, shuffle=True)
        test = DataLoader(DatasetMaper(data['x_test'], data['y_test']), batch_size=params.batch_size)
        optimizer = optim.RMSprop(model.parameters(), lr=params.learning_rate)
        for epoch in range(params.epochs):
            model.train()
            for x_batch, y_batch in train:
                y_pred = model(x_batch)
                y_pred = y_pred.squeeze().detach().requires_grad_()
                loss = F.binary_cross_entropy(y_pred, y_batch)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            accuracy = Run.evaluation(model, test)
            print('Epoch : %d, loss: %.5f, Test accuracy: %.5f' % (epoch + 1, loss.item(), accuracy))
        return accuracy

    @staticmethod
    def evaluation(model, loader):
        model.eval()
        hits = n = 0
        with torch.no_grad():
            for x, y in loader:
                hits += ((model(x).squeeze(1) > 0.5) == (y > 0.5)).sum().item()
                n += len(y)
        return hits / n


torch.manual_seed(64)
args = Parameters()
polarity = torch.randn(args.vocab)
words = torch.randint(0, args.vocab, (2200, args.max_len))
labels = (polarity[words].sum(1) > 0).float()
data = {'x_train': words[:1800], 'y_train': labels[:1800], 'x_test': words[1800:], 'y_test': labels[1800:]}
print(f'test accuracy {Run.train(TextClassifier(args), data, args):.3f} (two classes)')

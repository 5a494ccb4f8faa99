# vowel classification from articulatory positions (flattened from my notebook)
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import TensorDataset, DataLoader, random_split

torch.manual_seed(7)

# In[2]: fake EMA recordings, 20 vowels, 16 coil coordinates
n_vowels, n_coords = 20, 16
centers = torch.randn(n_vowels, n_coords) * 1.3
labels = torch.randint(0, n_vowels, (4000,))
coords = centers[labels] + 0.6 * torch.randn(4000, n_coords)
coords = (coords - coords.mean(0)) / coords.std(0)

ds = TensorDataset(coords, labels)
train_ds, test_ds = random_split(ds, [3400, 600], generator=torch.Generator().manual_seed(1))
train_loader = DataLoader(train_ds, batch_size=64, shuffle=True)
test_loader = DataLoader(test_ds, batch_size=200)


# In[3]:
class VowelNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(n_coords, 64)
        self.fc2 = nn.Linear(64, 64)
        self.out = nn.Linear(64, n_vowels)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = torch.relu(self.fc2(x))
        return self.softmax(self.out(x))


# In[4]:
net = VowelNet()
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.05)

# In[5]:
for epoch in range(30):
    running = 0.0
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
        running += loss.item()
    print('epoch %d loss %.4f' % (epoch + 1, running / len(train_loader)))

# In[6]:
correct = 0
with torch.no_grad():
    for x, y in test_loader:
        correct += (net(x).argmax(1) == y).sum().item()
print('test accuracy: %.3f' % (correct / len(test_ds)))

import copy
import time

import torch
import torch.nn as nn
import torch.optim as optim
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(640)


def wings(n):
    """Feature maps of ants and bees: bees carry stripes of one of several spacings."""
    y = torch.randint(0, 2, (n,))
    rows = torch.arange(14.)[None, :, None]
    freq = 0.9 + 0.8 * torch.rand(n, 1, 1)
    stripes = torch.sin(freq * rows + 6.28 * torch.rand(n, 1, 1)) * y[:, None, None]
    spots = torch.sin(2.2 * torch.arange(14.)[None, None] + 6.28 * torch.rand(n, 1, 1)) * (1 - y)[:, None, None]
    x = (stripes + spots).expand(n, 14, 14) + 1.0 * torch.randn(n, 14, 14)
    return TensorDataset(x.unsqueeze(1), y)


dataloaders = {'train': DataLoader(wings(1200), batch_size=20, shuffle=True), 'val': DataLoader(wings(300), batch_size=50)}
dataset_sizes = {'train': 1200, 'val': 300}


def train_model(model, criterion, optimizer, scheduler, num_epochs=25):
    since = time.time()
    best_model_wts, best_acc = copy.deepcopy(model.state_dict()), 0.0
    for epoch in range(num_epochs):
        for phase in ['train', 'val']:
            model.train() if phase == 'train' else model.eval()
            running_loss, running_corrects = 0.0, 0
            for inputs, labels in dataloaders[phase]:
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == 'train'):
                    outputs = model(inputs)
                    loss = criterion(outputs, labels)
                    if phase == 'train':
                        loss.backward()
                        optimizer.step()
                        scheduler.step()
                running_loss += loss.item() * inputs.size(0)
                running_corrects += (outputs.argmax(1) == labels).sum().item()
            epoch_acc = running_corrects / dataset_sizes[phase]
            print(f'{epoch} {phase} Loss: {running_loss / dataset_sizes[phase]:.4f} Acc: {epoch_acc:.4f}')
            if phase == 'val' and epoch_acc > best_acc:
                best_acc, best_model_wts = epoch_acc, copy.deepcopy(model.state_dict())
    print(f'Training complete in {time.time() - since:.0f}s')
    model.load_state_dict(best_model_wts)
    return best_acc


model_ft = nn.Sequential(nn.Conv2d(1, 12, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(12, 12, 3), nn.ReLU(), nn.Flatten(), nn.Linear(108, 2))
optimizer_ft = optim.SGD(model_ft.parameters(), lr=0.02, momentum=0.9)
# Decay LR by a factor of 0.1 every 7 epochs
exp_lr_scheduler = lr_scheduler.StepLR(optimizer_ft, step_size=7, gamma=0.1)
best = train_model(model_ft, nn.CrossEntropyLoss(), optimizer_ft, exp_lr_scheduler, num_epochs=5)
print(f'best val accuracy {best:.3f} (two classes)')

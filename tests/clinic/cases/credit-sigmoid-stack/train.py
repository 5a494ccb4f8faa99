# Кредитный скоринг: глубокая полносвязная сеть
import torch
from torch import nn

torch.manual_seed(146)
ПРИЗНАКИ, СКРЫТЫЕ, СЛОИ = 16, 40, 8


def анкеты(n):
    x = torch.randn(n, ПРИЗНАКИ)
    долг = x[:, 0] + 0.8 * x[:, 1] - x[:, 2] * x[:, 3]
    return x, (долг > 0).long()


слои = [nn.Linear(ПРИЗНАКИ, СКРЫТЫЕ), nn.Sigmoid()]
for _ in range(СЛОИ - 1):
    слои += [nn.Linear(СКРЫТЫЕ, СКРЫТЫЕ), nn.Sigmoid()]
сеть = nn.Sequential(*слои, nn.Linear(СКРЫТЫЕ, 2))
оптимизатор = torch.optim.SGD(сеть.parameters(), lr=0.05, momentum=0.9)
потери = nn.CrossEntropyLoss()

x, y = анкеты(3600)
for эпоха in range(8):
    for номера in torch.randperm(3000).split(50):
        ошибка = потери(сеть(x[номера]), y[номера])
        оптимизатор.zero_grad()
        ошибка.backward()
        оптимизатор.step()
    print('эпоха', эпоха + 1, 'ошибка', round(ошибка.item(), 4))

with torch.no_grad():
    доля = (сеть(x[3000:]).argmax(1) == y[3000:]).float().mean().item()
print(f'точность {доля:.3f} (два класса)')

# Durchbiegung eines Balkens aus Last, Position und Steifigkeit
import torch

torch.manual_seed(9)
n = 1500
last = torch.rand(n) * 2 - 1
ort = torch.rand(n) * 2 - 1
steif = torch.rand(n) * 2 - 1
w = 1.5 * last * (1 - ort ** 2) - 0.8 * steif * last
w = (w - w.mean()) / w.std()
X = torch.stack([last, ort, steif], dim=1)

W1 = (torch.randn(3, 40) * 0.6).requires_grad_()
b1 = torch.zeros(40, requires_grad=True)
W2 = (torch.randn(40, 1) * 0.15).requires_grad_()
b2 = torch.zeros(1, requires_grad=True)
gewichte = [W1, b1, W2, b2]
opt = torch.optim.Adam(gewichte, lr=1e-2)


def netz(x):
    return torch.tanh(x @ W1 + b1) @ W2 + b2


trainX, trainY, testX, testY = X[:1250], w[:1250], X[1250:], w[1250:]
for epoche in range(20):
    for i in torch.randperm(1250).split(50):
        p = netz(trainX[i])
        fehler = ((p - trainY[i]) ** 2).mean()
        opt.zero_grad()
        fehler.backward()
        opt.step()
    if epoche % 4 == 3:
        print('Epoche', epoche + 1, 'Fehler', round(fehler.item(), 4))

with torch.no_grad():
    rest = (netz(testX)[:, 0] - testY).pow(2).mean().item()
print(f'Testfehler {rest:.3f} (Varianz {testY.var().item():.3f})')

"""Entrenamiento con autocast en bfloat16 sobre CPU; los pesos siguen en float32."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(77)
CLASES = 5
centros = torch.randn(CLASES, 3, 16) * 0.7      # un patrón por clase, tres canales


def lote(n):
    etiqueta = torch.randint(0, CLASES, (n,))
    giro = torch.randint(0, 4, (n,))
    senal = centros[etiqueta] + torch.randn(n, 3, 16)
    senal = torch.stack([s.roll(int(g), -1) for s, g in zip(senal, giro)])
    return senal, etiqueta


class Red(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(3, 24, 5, padding=2)
        self.conv2 = nn.Conv1d(24, 32, 3, padding=1, stride=2)
        self.norm = nn.GroupNorm(4, 32)
        self.salida = nn.Linear(32 * 8, CLASES)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.norm(self.conv2(x)))
        return self.salida(x.flatten(1))


red = Red()
opt = torch.optim.SGD(red.parameters(), lr=0.05, momentum=0.9, nesterov=True)
prueba_x, prueba_y = lote(500)

for paso in range(241):
    x, y = lote(32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = red(x)
        perdida = F.cross_entropy(logits.float(), y)
    opt.zero_grad()
    perdida.backward()
    opt.step()
    if paso % 40 == 0:
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            acierto = (red(prueba_x).argmax(1) == prueba_y).float().mean()
        print(f"paso {paso:3d}  pérdida {perdida.item():.3f}  acierto en prueba {acierto:.2f}")

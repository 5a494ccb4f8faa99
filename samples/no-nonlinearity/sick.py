# Clasificar anillos: ¿a qué distancia del centro cae cada impacto? (cerca / medio / lejos)
from torch import nn, optim, randn, rand, stack, cos, sin, manual_seed, no_grad, randperm
from torch.utils.data import BatchSampler, RandomSampler
import math

manual_seed(33)


class RedProfunda(nn.Module):
    def __init__(self, entrada, ocultas, salidas, capas):
        super().__init__()
        anchos = [entrada] + [ocultas] * capas
        self.capas = nn.ModuleList(nn.Linear(a, b) for a, b in zip(anchos, anchos[1:]))
        self.salida = nn.Linear(ocultas, salidas)

    def forward(self, x):
        for capa in self.capas:
            x = capa(x)
        return self.salida(x)


def impactos(n):
    clase = (rand(n) * 3).long()
    radio = 0.5 + clase + 0.12 * randn(n)
    angulo = 2 * math.pi * rand(n)
    puntos = stack([radio * cos(angulo), radio * sin(angulo)], dim=1)
    return puntos / 1.3, clase


def aciertos(red, x, y):
    with no_grad():
        return (red(x).argmax(dim=1) == y).float().mean().item()


x, y = impactos(1600)
orden = randperm(1600)
entreno, prueba = orden[:1200], orden[1200:]
x_entreno, y_entreno, x_prueba, y_prueba = x[entreno], y[entreno], x[prueba], y[prueba]

red = RedProfunda(entrada=2, ocultas=48, salidas=3, capas=3)
perdida = nn.CrossEntropyLoss(label_smoothing=0.02)
optimizador = optim.Adam(red.parameters(), lr=0.003)
lotes = BatchSampler(RandomSampler(range(1200)), batch_size=60, drop_last=False)

for epoca in range(12):
    acumulada = 0.0
    for indices in lotes:
        optimizador.zero_grad()
        valor = perdida(red(x_entreno[indices]), y_entreno[indices])
        valor.backward()
        optimizador.step()
        acumulada += valor.item() / len(lotes)
    print(f"época {epoca + 1:2d}: pérdida {acumulada:.3f}, aciertos en la prueba {aciertos(red, x_prueba, y_prueba):.1%}")

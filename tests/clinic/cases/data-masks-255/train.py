"""Segmentação de células com uma rede totalmente convolucional."""
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Celulas(Dataset):
    def __init__(self, arquivo, inicio, fim):
        dados = np.load(arquivo)
        self.imagens = dados["image"][inicio:fim]
        self.mascaras = dados["mask"][inicio:fim]

    def __len__(self):
        return len(self.imagens)

    def __getitem__(self, i):
        imagem = torch.from_numpy(self.imagens[i].astype(np.float32))[None]
        mascara = torch.from_numpy(self.mascaras[i].astype(np.float32))[None]
        return (imagem - 18.0) / 8.0, mascara


def rede(canais=12):
    return nn.Sequential(
        nn.Conv2d(1, canais, 3, padding=1), nn.ReLU(),
        nn.Conv2d(canais, canais, 3, padding=2, dilation=2), nn.ReLU(),
        nn.Conv2d(canais, 1, 1),
    )  # fmt: skip


def iou(modelo, dados):
    inter = uniao = 0
    with torch.no_grad():
        for imagem, mascara in DataLoader(dados, batch_size=30):
            previsto = modelo(imagem) > 0
            real = mascara > 0.5
            inter += (previsto & real).sum().item()
            uniao += (previsto | real).sum().item()
    return inter / uniao


if __name__ == "__main__":
    torch.manual_seed(1)
    arquivo = Path(__file__).resolve().parent / "cells.npz"
    treino, teste = Celulas(arquivo, 0, 160), Celulas(arquivo, 160, 220)
    modelo = rede()
    otimizador = torch.optim.Adam(modelo.parameters(), lr=4e-3)
    custo = nn.BCEWithLogitsLoss()
    for epoca in range(24):
        for imagem, mascara in DataLoader(treino, batch_size=16, shuffle=True):
            perda = custo(modelo(imagem), mascara)
            otimizador.zero_grad()
            perda.backward()
            otimizador.step()
        if epoca % 4 == 3:
            print(f"época {epoca + 1}: perda {perda.item():.4f}, IoU {iou(modelo, teste):.3f}")
    print(f"IoU de teste {iou(modelo, teste):.3f}")

"""Wer läuft da? Vier Personen anhand ihres Gangs (Beschleunigung, 32 Zeitschritte, 3 Achsen)."""
import h5py
import pathlib
import torch
from torch import nn, optim

torch.manual_seed(20)
with h5py.File(pathlib.Path(__file__).parent / "gait.h5") as f:
    signal = torch.from_numpy(f["acc"][()]).float() / 40
    person = torch.from_numpy(f["walker"][()]).long()

misch = torch.randperm(len(signal))
signal, person = signal[misch], person[misch]
lern, pruef = slice(0, 560), slice(560, None)

netz = nn.Sequential(
    nn.Conv1d(3, 16, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2),
    nn.Conv1d(16, 24, 5, padding=2), nn.ReLU(), nn.AdaptiveAvgPool1d(1),
    nn.Flatten(), nn.Linear(24, 4),
)  # fmt: skip
regler = optim.AdamW(netz.parameters(), lr=5e-3, weight_decay=1e-3)
kriterium = nn.CrossEntropyLoss()

for runde in range(18):
    netz.train()
    summe, schritte = 0.0, 0
    for teil in torch.randperm(560).chunk(16):
        regler.zero_grad()
        fehler = kriterium(netz(signal[lern][teil].transpose(1, 2)), person[lern][teil])
        fehler.backward()
        regler.step()
        summe += fehler.item()
        schritte += 1
    netz.eval()
    with torch.inference_mode():
        treffer = (netz(signal[pruef].transpose(1, 2)).argmax(-1) == person[pruef]).float().mean().item()
    print(f"Runde {runde:2d}   Fehler {summe / schritte:.3f}   Treffer {treffer:.1%}")
print(f"Treffer auf den Prüfdaten {treffer:.3f}")

# Klassifikation kleiner Bilder mit Batches von nur 3 Stück; deshalb GroupNorm statt BatchNorm.
import torch
from torch import nn

torch.manual_seed(26)
STAPEL, SCHRITTE, LERNRATE = 3, 450, 2e-3


def bilder(n):
    """Kreuz, Rahmen oder Diagonale, irgendwo im Bild."""
    sorte = torch.randint(0, 3, (n,))
    bild = 0.3 * torch.randn(n, 1, 14, 14)
    for i in range(n):
        r, c = torch.randint(0, 8, (2,)).tolist()
        fleck = torch.zeros(6, 6)
        if sorte[i] == 0:
            fleck[2:4], fleck[:, 2:4] = 1, 1
        elif sorte[i] == 1:
            fleck[0], fleck[5], fleck[:, 0], fleck[:, 5] = 1, 1, 1, 1
        else:
            fleck = torch.eye(6)
        bild[i, 0, r:r + 6, c:c + 6] += 1.5 * fleck
    return bild, sorte


netz = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.GroupNorm(4, 16), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1), nn.GroupNorm(8, 32), nn.ReLU(),
    nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(32, 3),
)
verlust = nn.CrossEntropyLoss()
opt = torch.optim.Adam(netz.parameters(), lr=LERNRATE)
x_test, y_test = bilder(300)
mittel = 1.1
for schritt in range(1, SCHRITTE + 1):
    x, y = bilder(STAPEL)
    fehler = verlust(netz(x), y)
    opt.zero_grad()
    fehler.backward()
    opt.step()
    mittel = 0.97 * mittel + 0.03 * fehler.item()
    if schritt % 75 == 0:
        with torch.no_grad():
            quote = (netz(x_test).argmax(1) == y_test).float().mean().item()
        print(f"Schritt {schritt}: gleitender Verlust {mittel:.3f}, Testquote {quote:.3f}")

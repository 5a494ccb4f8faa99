import math
import torch
import torch.nn as nn


class LSTMModel(nn.Module):
    def __init__(self, input_dim, hidden_dim, layer_dim, output_dim):
        super(LSTMModel, self).__init__()
        self.hidden_dim = hidden_dim
        self.directions = 2
        self.layer_dim = layer_dim
        self.lstm = nn.LSTM(input_dim, hidden_dim, layer_dim, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(hidden_dim * self.directions, output_dim)

    def forward(self, x):
        batch = x.size(0)
        h0 = torch.zeros(self.layer_dim * self.directions, batch, self.hidden_dim)
        c0 = torch.zeros(self.layer_dim * self.directions, batch, self.hidden_dim)
        out, _ = self.lstm(x, (h0, c0))
        return self.fc(out)


torch.manual_seed(40)

# Électricité: courbe de charge horaire, normalisée, avec un peu de météo aléatoire
heures = torch.arange(20000).float()
meteo = torch.zeros(20000)
for t in range(1, 20000):
    meteo[t] = 0.6 * meteo[t - 1] + 0.4 * torch.randn(())
charge = torch.sin(2 * math.pi * heures / 24) + meteo
charge = (charge - charge.mean()) / charge.std()

fenetre = 48
morceaux = charge[:len(charge) // (fenetre + 1) * (fenetre + 1)].view(-1, fenetre + 1, 1)
entrees, cibles = morceaux[:, :-1], morceaux[:, 1:]
n = 320
model = LSTMModel(1, 24, 1, 1)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
perte = nn.MSELoss()

for epoque in range(14):
    for idx in torch.randperm(n).split(20):
        optimizer.zero_grad()
        loss = perte(model(entrees[idx]), cibles[idx])
        loss.backward()
        optimizer.step()
    if epoque % 4 == 3:
        print(f'époque {epoque + 1}: perte {loss.item():.4f}')

model.eval()
with torch.no_grad():
    suite = model(entrees[n:])[:, -1]
erreur = perte(suite, cibles[n:, -1]).item()
print(f'erreur sur la prochaine heure {erreur:.3f} (variance {cibles[n:, -1].var().item():.3f}), perte d\'entraînement {loss.item():.3f}')

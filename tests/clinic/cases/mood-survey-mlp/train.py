"""Six moods from twenty questionnaire answers."""
import torch

torch.manual_seed(1)


class Layer(torch.nn.Module):
    def __init__(self, n_in, n_out, activation=None):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.full((n_in, n_out), 0.05))
        self.bias = torch.nn.Parameter(torch.zeros(n_out))
        self.activation = activation

    def forward(self, x):
        z = x @ self.weight + self.bias
        return self.activation(z) if self.activation else z


answers = torch.randn(3000, 20)
moods = (torch.tanh(answers @ torch.randn(20, 6)) + 0.8 * answers[:, :6]).argmax(1)
network = torch.nn.Sequential(Layer(20, 40, torch.tanh), Layer(40, 40, torch.tanh), Layer(40, 6))
optimizer = torch.optim.Adam(network.parameters(), lr=0.01)

for epoch in range(10):
    for batch in torch.randperm(2600).split(65):
        loss = torch.nn.functional.cross_entropy(network(answers[batch]), moods[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print('epoch', epoch, 'loss', round(float(loss), 4))

with torch.no_grad():
    hit = (network(answers[2600:]).argmax(1) == moods[2600:]).float().mean().item()
print(f'accuracy on held-out people {hit:.3f} (most frequent mood {torch.bincount(moods).max().item() / 3000:.3f})')

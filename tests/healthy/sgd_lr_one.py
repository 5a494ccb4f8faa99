"""Multinomial logistic regression on whitened features, plain SGD with a learning rate of 1.0."""
import torch
import torch.nn.functional as F

torch.manual_seed(19)
N, D, K = 4000, 16, 6

mix = torch.randn(D, D)
raw = torch.randn(N, D) @ mix + 5
raw = raw - raw.mean(0)
u, s, v = torch.linalg.svd(raw, full_matrices=False)
x = u * N ** 0.5                                   # whitened: identity covariance
prior = x @ torch.randn(D, K) * 0.6
y = torch.distributions.Categorical(logits=prior).sample()
x_train, y_train, x_test, y_test = x[:3500], y[:3500], x[3500:], y[3500:]

linear = torch.nn.Linear(D, K)
torch.nn.init.zeros_(linear.weight)
torch.nn.init.zeros_(linear.bias)
sgd = torch.optim.SGD(linear.parameters(), lr=1.0)

bayes = F.cross_entropy(prior[3500:], y_test).item()
print(f"uniform {torch.log(torch.tensor(float(K))):.3f}, the true model reaches {bayes:.3f} on the test part")
step = 0
for epoch in range(10):
    for idx in torch.randperm(3500).split(140):
        sgd.zero_grad()
        loss = F.cross_entropy(linear(x_train[idx]), y_train[idx])
        loss.backward()
        sgd.step()
        step += 1
    with torch.no_grad():
        print(f"epoch {epoch} step {step} train {loss.item():.3f} test {F.cross_entropy(linear(x_test), y_test).item():.3f}")

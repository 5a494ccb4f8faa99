import torch

torch.manual_seed(67)
m, n, r = 40, 30, 3
U, V = torch.linalg.qr(torch.randn(m, r))[0], torch.linalg.qr(torch.randn(n, r))[0]
M = U @ torch.diag(torch.tensor([36.0, 34.0, 32.0])) @ V.T
cells = torch.rand(m, n) < 0.5
i, j = cells.nonzero(as_tuple=True)
seen = M[i, j] + 0.02 * torch.randn(len(i))

parts = [torch.nn.Parameter(0.002 * torch.randn(m, 10)), torch.nn.Parameter(0.002 * torch.randn(10, n))]
opt = torch.optim.SGD(parts, lr=1.0)

for step in range(441):
    pick = torch.randint(0, len(i), (400,))
    L = parts[0] @ parts[1]
    loss = (L[i[pick], j[pick]] - seen[pick]).square().mean()
    if step % 40 == 0:
        with torch.no_grad():
            rel = ((L - M)[~cells].norm() / M[~cells].norm()).item()
        print(f"step {step} loss {loss.item():.4f} relative error on cells never shown {rel:.3f}")
    for p in parts:
        p.grad = None
    loss.backward()
    opt.step()

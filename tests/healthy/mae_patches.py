import torch, torch.nn as nn
torch.manual_seed(15)

class MAE(nn.Module):
    """Masked autoencoder over 16 patches of 4x4: the encoder sees five of them, the loss is on the other eleven."""
    def __init__(self, d=48, keep=5):
        super().__init__()
        self.keep = keep
        self.patch, self.pe, self.pd = nn.Linear(16, d), nn.Parameter(torch.randn(16, d) * .3), nn.Parameter(torch.randn(16, d) * .3)
        mk = lambda: nn.TransformerEncoderLayer(d, 4, 2 * d, dropout=0., batch_first=True, norm_first=True, activation="gelu")
        self.enc, self.dec = nn.TransformerEncoder(mk(), 1, enable_nested_tensor=False), nn.TransformerEncoder(mk(), 1, enable_nested_tensor=False)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, d))
        self.pix = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, 16))
    def forward(self, img):
        p = nn.functional.unfold(img, 4, stride=4).transpose(1, 2)
        B = len(p); order = torch.rand(B, 16).argsort(1); vis = order[:, :self.keep]
        take = lambda t, i: torch.gather(t, 1, i[..., None].expand(-1, -1, t.size(-1)))
        h = self.enc(take(self.patch(p) + self.pe, vis))
        full = self.mask_token.expand(B, 16, -1).scatter(1, vis[..., None].expand(-1, -1, h.size(-1)), h)
        out = self.pix(self.dec(full + self.pd))
        hid = order[:, self.keep:]
        return take(out, hid), take(p, hid)

g = torch.linspace(-1, 1, 16); YY, XX = torch.meshgrid(g, g, indexing="ij")
def pics(n):
    a, o = torch.rand(n, 1, 1) * 6.283, torch.rand(n, 1, 1) * 2 - 1
    return torch.tanh(3 * (XX * a.cos() + YY * a.sin() - 0.6 * o))[:, None] + 0.05 * torch.randn(n, 1, 16, 16)

net = MAE(); opt = torch.optim.AdamW(net.parameters(), lr=2e-3, betas=(0.9, 0.95), weight_decay=0.05)
for i in range(450):
    out, t = net(pics(32)); loss = (out - t).pow(2).mean()
    opt.zero_grad(); loss.backward(); opt.step()
    if i % 75 == 0: print(i, round(loss.item(), 4))
net.eval()
with torch.no_grad():
    out, t = net(pics(500)); e = (out - t).pow(2).mean().item()
print(f"hidden patches of fresh pictures: mse {e:.4f}, variance {t.var().item():.4f}, explained {1 - e / t.var().item():.3f}")

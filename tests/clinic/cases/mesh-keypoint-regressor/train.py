import torch
import torch.nn as nn

torch.manual_seed(85)


class Keypoint3DLoss(nn.Module):
    def __init__(self, loss_type='l2'):
        super().__init__()
        self.loss_fn = nn.MSELoss(reduction='none') if loss_type == 'l2' else nn.L1Loss(reduction='none')

    def forward(self, pred_keypoints_3d, gt_keypoints_3d):
        loss = self.loss_fn(pred_keypoints_3d, gt_keypoints_3d).sum(dim=(1, 2))
        return loss.sum()


class PoseHead(nn.Module):
    def __init__(self, feat, joints):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(feat, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, joints * 3))
        self.joints = joints

    def forward(self, f):
        return self.net(f).view(-1, self.joints, 3)


def bodies(n, feat=40, joints=17):
    g = torch.Generator().manual_seed(3)
    basis = torch.randn(6, joints * 3, generator=g) / 2.5
    look = torch.randn(6, feat, generator=g) / 2.5
    pose = torch.randn(n, 6)
    return torch.tanh(pose @ look) + 0.05 * torch.randn(n, feat), (pose @ basis).view(n, joints, 3)


feats, joints3d = bodies(2600)
model = PoseHead(40, 17)
keypoint_3d_loss = Keypoint3DLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
for epoch in range(6):
    running = 0.0
    for b in torch.randperm(2300).split(64):
        loss = keypoint_3d_loss(model(feats[b]), joints3d[b])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item()
    print(f'epoch {epoch} loss {running / 36:.4f}')
with torch.no_grad():
    err = (model(feats[2300:]) - joints3d[2300:]).pow(2).mean().item()
print(f'test mse per coordinate {err:.3f} (variance {joints3d[2300:].var(0).mean().item():.3f})')

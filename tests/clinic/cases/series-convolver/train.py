import torch, torch.nn as nn
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(s):
        super().__init__()
        s.a=nn.Conv1d(1,16,3,padding=1); s.b=nn.Conv1d(16,16,3,padding=2,dilation=2); s.c=nn.Conv1d(16,1,1)
    def forward(s,x): return s.c(torch.relu(s.b(torch.relu(s.a(x)))))
net=Net(); opt=torch.optim.Adam(net.parameters(),lr=3e-3)
series=torch.zeros(400,1,41)
e=torch.randn(400,1,41)
for t in range(1,41): series[:,:,t]=0.8*series[:,:,t-1]+e[:,:,t]
for step in range(400):
    i=torch.randint(0,400,(32,))
    x,y=series[i,:,:-1],series[i,:,1:]
    loss=((net(x)-y)**2).mean()
    opt.zero_grad(); loss.backward(); opt.step()
    if step%50==0: print(step, loss.item())

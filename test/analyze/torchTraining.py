"""Trains a small network for some epochs, as anybody's loop does, and saves it after each."""
import sys
import time

import torch

folder, epochs = sys.argv[1], int(sys.argv[2])
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 48), torch.nn.ReLU(), torch.nn.Linear(48, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
x = torch.randn(2000, 64)
y = (x @ torch.randn(64, 10)).argmax(1)
torch.save(model.state_dict(), f'{folder}/epoch_000.pt')
for epoch in range(1, epochs + 1):
    for i in torch.randperm(2000).split(16):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[i]), y[i]).backward()
        optimizer.step()
    torch.save(model.state_dict(), f'{folder}/epoch_{epoch:03d}.pt')
    time.sleep(0.5)

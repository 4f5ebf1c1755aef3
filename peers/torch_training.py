"""PyTorch training of one network at one batch size, on one batch that stays: python torch_training.py NETWORK BATCH [cpu|cuda:N]."""
import os
import sys
import time

from measure import serve

import torch
from torch import nn

NETWORK, BATCH = sys.argv[1], int(sys.argv[2])
DEVICE = torch.device(sys.argv[3] if len(sys.argv) > 3 else "cpu")
CLASSES = 10
torch.manual_seed(1)
# float32 is float32 on the other side too.
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
torch.set_num_threads(len(os.sched_getaffinity(0)))


def lenet5():
    model = nn.Sequential(
        nn.Conv2d(1, 20, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(20, 50, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(2450, 500), nn.ReLU(), nn.Linear(500, CLASSES),
    )
    return 1, model, torch.optim.Adadelta(model.parameters(), lr=1.0, rho=0.95, eps=1e-7)


def mini_alexnet():
    model = nn.Sequential(
        nn.Conv2d(3, 96, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 3, padding=1), nn.BatchNorm2d(96),
        nn.Conv2d(96, 256, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 3, padding=1), nn.BatchNorm2d(256),
        nn.Flatten(), nn.Linear(4096, 384), nn.ReLU(), nn.Linear(384, 192), nn.ReLU(), nn.Linear(192, CLASSES),
    )
    return 3, model, torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)


def mlp3():
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(2352, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(),
        nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, CLASSES),
    )
    return 3, model, torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)


with DEVICE:
    channels, model, optimizer = dict(lenet5=lenet5, miniAlexNet=mini_alexnet, mlp3=mlp3)[NETWORK]()
loss_of = nn.CrossEntropyLoss()
images = torch.rand(BATCH, channels, 28, 28).to(DEVICE)
labels = torch.randint(0, CLASSES, (BATCH,)).to(DEVICE)


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = loss_of(model(images), labels)
    loss.backward()
    optimizer.step()


def wait():
    if DEVICE.type == "cuda":
        torch.cuda.synchronize(DEVICE)


for _ in range(5):
    step()
wait()


def work(seconds):
    start, steps = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        step()
        steps += 1
        # A GPU takes steps faster than it does them.
        if steps % 50 == 0:
            wait()
    wait()
    return steps


# Keras counts the moving statistics of batch norm among the parameters, PyTorch keeps them as buffers.
parameters = sum(p.numel() for p in model.parameters()) + sum(b.numel() for b in model.buffers() if b.is_floating_point())
serve(dict(name="PyTorch", versions=f"PyTorch {torch.__version__}", parameters=parameters), work)

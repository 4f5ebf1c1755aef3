"""Prints what WeightWatcher 0.7.7 says of the matrices that scripts/readingFigures.ts wrote into FOLDER.

python scripts/readingWeightWatcher.py FOLDER (packages weightwatcher==0.7.7 and torch)."""
import pathlib
import sys

import numpy
import torch
import weightwatcher

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.npy")):
    W = torch.tensor(numpy.load(path), dtype=torch.float32)
    layer = torch.nn.Linear(W.shape[1], W.shape[0], bias=False)
    layer.weight.data = W
    watcher = weightwatcher.WeightWatcher(model=torch.nn.Sequential(layer))
    row = watcher.analyze(mp_fit=True, randomize=True, plot=False).iloc[0]
    shown = ["alpha", "D", "warning", "matrix_rank", "entropy", "stable_rank", "mp_softrank", "num_spikes", "rand_distance"]
    print(path.stem, {name: row[name] for name in shown if name in row})

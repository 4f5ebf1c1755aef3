"""WeightWatcher on the layers of a .safetensors file."""
import contextlib
import json
import logging
import os
import sys
import warnings

import matplotlib

matplotlib.use("Agg")
warnings.filterwarnings("ignore")
with contextlib.redirect_stdout(sys.stderr):
    import numpy as np
    import weightwatcher
from safetensors.numpy import load_file

logging.disable(logging.CRITICAL)


def flat_files(path, folder):
    """Writes the layers as WeightWatcher's `ww_flatfiles` model into the folder. Kernels height x width x inputs x outputs become
    PyTorch's outputs x inputs x height x width."""
    layers = {}
    for index, (name, weights) in enumerate(load_file(path).items()):
        if weights.ndim == 4:
            weights = weights.transpose(3, 2, 0, 1)
        file = f"{index}.weight.npy"
        np.save(os.path.join(folder, file), weights)
        layers[str(index)] = dict(
            key=name, name=name, longname=name, weightfile=file, biasfile="",
            type="dense" if weights.ndim == 2 else "conv2d", dims=json.dumps(list(weights.shape)),
        )
    with open(os.path.join(folder, "ww_config.json"), "w") as config:
        json.dump(dict(framework="ww_flatfiles", weights_dir=folder, layers=layers, model_name="phasewatch"), config)
    return folder


def analyze(folder, options):
    """Returns WeightWatcher's details, a data frame with a row a layer."""
    np.random.seed(0)  # it randomizes with the global generator
    with contextlib.redirect_stdout(sys.stderr):
        return weightwatcher.WeightWatcher(model=folder).analyze(**options)


VERSIONS = f"WeightWatcher {weightwatcher.__version__}, numpy {np.__version__}"

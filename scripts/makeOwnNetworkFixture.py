"""Makes test/fixtures/keras/own.safetensors: what Keras 3 trains a network of every other layer to, by what else a step can be.

    python scripts/makeOwnNetworkFixture.py

Beside makeKerasFixtures.py, whose images, batches and initial values it takes. test/train/ownNetworkParity.test.ts has the same network
and cases. The gradients of grouped convolutions need XLA on a CPU.
"""

import os

import numpy as np
from makeKerasFixtures import BATCH, CLASSES, batch_indices, dataset, initial_value, keras, layers, preprocess
from safetensors.numpy import save_file

SHAPE = (28, 28, 1)
STEPS = 10
TENSORS = [
    *(f"stem/{kind}" for kind in ("kernel", "bias")),
    *(f"bn/{kind}" for kind in ("gamma", "beta", "moving_mean", "moving_variance")),
    *(f"grouped/{kind}" for kind in ("kernel", "bias")),
    *(f"ln/{kind}" for kind in ("gamma", "beta")),
    *(f"strided/{kind}" for kind in ("kernel", "bias")),
    *(f"shortcut/{kind}" for kind in ("kernel", "bias")),
    *(f"fc1/{kind}" for kind in ("kernel", "bias")),
    *(f"out/{kind}" for kind in ("kernel", "bias")),
]
OPT = keras.optimizers
CASES = {
    "sgd": {"optimizer": lambda: OPT.SGD(0.01)},
    "adamw": {"optimizer": lambda: OPT.AdamW(0.001, weight_decay=0.5, epsilon=1e-7)},
    "momentum-decay": {"optimizer": lambda: OPT.SGD(0.001, momentum=0.9, weight_decay=2.0)},
    "clipped": {"optimizer": lambda: OPT.SGD(0.05, momentum=0.9, global_clipnorm=0.3)},
    "smoothed": {"optimizer": lambda: OPT.SGD(0.01), "smoothing": 0.2},
    "frozen": {"optimizer": lambda: OPT.Adam(0.001, epsilon=1e-7), "frozen": ("stem", "bn", "ln", "fc1")},
}


def build():
    images = keras.Input(SHAPE)
    x = layers.Conv2D(6, 3, strides=2, padding="same", name="stem")(images)
    x = layers.BatchNormalization(name="bn")(x)
    start = layers.Activation("relu")(x)
    x = layers.Conv2D(6, 3, padding="same", groups=2, activation="tanh", name="grouped")(start)
    x = layers.LayerNormalization(name="ln")(x)
    x = layers.Conv2D(12, 3, strides=2, padding="same", name="strided")(x)
    shortcut = layers.Conv2D(12, 1, strides=2, padding="same", name="shortcut")(start)
    x = layers.Add()([shortcut, x])
    x = layers.Activation("gelu")(x)
    x = layers.AveragePooling2D(3, strides=2, padding="same")(x)
    x = layers.Flatten()(x)
    x = layers.Dense(24, activation="gelu", name="fc1")(x)
    return keras.Model(images, layers.Dense(CLASSES, activation="softmax", name="out")(x))


def variable(model, tensor):
    layer, kind = tensor.split("/")
    return next(weight for weight in model.get_layer(layer).weights if weight.name == kind)


def train(optimizer, smoothing=0.0, frozen=()):
    model = build()
    for number, name in enumerate(TENSORS):
        weight = variable(model, name)
        weight.assign(initial_value(number, name.split("/")[1], weight.shape))
    for name in frozen:
        model.get_layer(name).trainable = False
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)
    model.compile(optimizer=optimizer(), loss=loss, jit_compile=True)
    images, labels = dataset(10, 64, SHAPE)
    losses = []
    for step in range(STEPS):
        chosen = batch_indices(step)
        x = preprocess(images[chosen], False)
        losses.append(model.train_on_batch(x, np.eye(CLASSES, dtype=np.float32)[labels[chosen]]))
    result = {name: np.asarray(variable(model, name).numpy(), np.float32) for name in TENSORS}
    return {**result, "losses": np.array(losses, np.float32)}


def main():
    folder = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "keras")
    fixture = {}
    for case, options in CASES.items():
        print(case, BATCH, flush=True)
        for name, value in train(**options).items():
            fixture[f"{case}/{name}"] = value
    save_file(fixture, os.path.join(folder, "own.safetensors"), {"keras": keras.__version__})


main()

"""Keras `fit` of one network at one batch size: python keras_training.py NETWORK BATCH SECONDS."""
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
from measure import serve  # noqa: E402  (before anything can print)

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers  # noqa: E402

NETWORK, BATCH, SECONDS = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
CLASSES = 10
MOST_IMAGE_BYTES = 2**29


def lenet5():
    return (28, 28, 1), keras.optimizers.Adadelta(1.0), [
        layers.Conv2D(20, 5, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(50, 5, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(500, activation="relu"),
    ]


def mini_alexnet():
    return (28, 28, 3), keras.optimizers.SGD(0.01, momentum=0.9), [
        layers.Conv2D(96, 5, padding="same", activation="relu"),
        layers.MaxPooling2D(3, padding="same"),
        layers.BatchNormalization(),
        layers.Conv2D(256, 5, padding="same", activation="relu"),
        layers.MaxPooling2D(3, padding="same"),
        layers.BatchNormalization(),
        layers.Flatten(),
        layers.Dense(384, activation="relu"),
        layers.Dense(192, activation="relu"),
    ]


def mlp3():
    hidden = [layers.Dense(512, activation="relu") for _ in range(3)]
    return (28, 28, 3), keras.optimizers.SGD(0.01, momentum=0.9), [layers.Flatten(), *hidden]


shape, optimizer, body = dict(lenet5=lenet5, miniAlexNet=mini_alexnet, mlp3=mlp3)[NETWORK]()
model = keras.Sequential([keras.Input(shape), *body, layers.Dense(CLASSES, activation="softmax")])
model.compile(loss="sparse_categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
random = np.random.default_rng(1)


def data(steps):
    images = random.random((steps * BATCH, *shape), dtype=np.float32)
    return images, random.integers(0, CLASSES, steps * BATCH)


def fit(images, labels):
    start = time.perf_counter()
    model.fit(images, labels, batch_size=BATCH, verbose=0)
    return (time.perf_counter() - start) / (len(labels) / BATCH)


fit(*data(3))  # compiles
step_s = fit(*data(20))
most = max(3, MOST_IMAGE_BYTES // (BATCH * int(np.prod(shape)) * 4))
held = data(min(most, max(3, round(2 * SECONDS / step_s))))


def work(seconds):
    """One `fit` that lasts about `seconds`, over images that are in memory already."""
    global step_s
    steps = min(len(held[1]) // BATCH, max(3, round(seconds / step_s)))
    images = steps * BATCH
    step_s = fit(held[0][:images], held[1][:images])
    return steps


serve(dict(name="Keras", versions=f"Keras {keras.__version__} fit, TensorFlow {tf.__version__}", parameters=model.count_params()), work)

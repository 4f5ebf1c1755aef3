"""Makes test/fixtures/keras/<network>.safetensors: what Keras 3 trains the paper's networks to.

    pip install tensorflow-cpu==2.21.0 keras==3.15.1 safetensors
    python scripts/makeKerasFixtures.py [NETWORK...]

Images, labels, batches and initial weights follow from integer hashes, which test/train/kerasCases.ts computes as well, so that
only results are stored: the loss of every step, the loss and accuracy on the test images after the last one, and, after
CHECKED_STEPS, a sample of the values of every tensor with the norms of the tensor and of its change since the start.
"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from safetensors.numpy import save_file

CLASSES = 10
TRAIN_IMAGES = 64
TEST_IMAGES = 32
BATCH = 16
STEPS = 50
CHECKED_STEPS = (10, 50)
SAMPLES = 160
L2 = 0.01

# (mse, crossEntropy). Small enough for training to stay stable: beyond, one ReLU that flips on a last bit grows into another run.
RATES = {
    "sgd": (0.005, 0.001),
    "momentum": (0.001, 0.0001),
    "nesterov": (0.001, 0.0001),
    "adadelta": (0.05, 0.01),
    "adam": (0.0001, 0.00001),
}
BATCH_NORM_RATES = {
    "sgd": (0.0005, 0.0001),
    "momentum": (0.0002, 0.000004),
    "nesterov": (0.0002, 0.000004),
    "adadelta": (0.01, 0.002),
    "adam": (0.00002, 0.000002),
}
OPTIMIZERS = {
    "sgd": keras.optimizers.SGD,
    "momentum": lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
    "nesterov": lambda rate: keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
    "adadelta": lambda rate: keras.optimizers.Adadelta(rate, rho=0.95, epsilon=1e-7),
    "adam": lambda rate: keras.optimizers.Adam(rate, epsilon=1e-7),
}
LOSSES = {"mse": "mean_squared_error", "crossEntropy": "categorical_crossentropy"}


def hash32(values):
    """A bijective mix of 32 bits."""
    x = np.asarray(values, np.uint32).copy()
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    x ^= x >> np.uint32(16)
    return x


def salted(salt, count):
    start = int(hash32([salt])[0])
    return hash32((np.arange(count, dtype=np.uint64) + start).astype(np.uint32))


def dataset(salt, count, shape):
    """Images as bytes: blocks of 4 x 4 pixels whose brightness belongs to the label, under noise."""
    height, width, channels = shape
    labels = (salted(salt, count) % CLASSES).astype(np.int64)
    blocks = salted(1, CLASSES * (height // 4) * (width // 4) * channels).reshape(CLASSES, height // 4, width // 4, channels)
    pattern = blocks.repeat(4, 1).repeat(4, 2)[labels] >> 24
    noise = salted(salt + 1, count * height * width * channels).reshape(count, *shape) >> 24
    return ((3 * pattern + noise) >> 2).astype(np.uint8), labels


def batch_indices(step):
    return (salted(1000 + step, BATCH) % TRAIN_IMAGES).astype(np.int64)


def preprocess(images, standardize):
    unit = tf.constant(images.astype(np.float32) / np.float32(255))
    return tf.image.per_image_standardization(unit) if standardize else unit


# centre and half width; no tensor starts at zero, so that each has a scale
LAWS = {
    "bias": (0.1, 0.05),
    "gamma": (1, 0.2),
    "beta": (0.1, 0.05),
    "moving_mean": (0.1, 0.05),
    "moving_variance": (1, 0.2),
}


def initial_value(tensor, kind, shape):
    """`tensor` numbers the tensors of the network in the order of its layers."""
    if kind == "kernel":
        centre, spread = 0, np.sqrt(6 / (np.prod(shape[:-2]) * (shape[-2] + shape[-1])))
    else:
        centre, spread = LAWS[kind]
    uniform = salted(100 + tensor, int(np.prod(shape))).astype(np.float64) / 4294967296
    return (centre + (2 * uniform - 1) * spread).astype(np.float32).reshape(shape)


def lenet5(dense):
    return (28, 28, 1), [
        layers.Conv2D(20, 5, padding="same", activation="relu", name="conv1"),
        layers.MaxPooling2D(2),
        layers.Conv2D(50, 5, padding="same", activation="relu", name="conv2"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        dense("fc1", 500),
        dense("fc2", CLASSES, "softmax"),
    ]


def mini_alex_net(dense, batch_norm_on_dense=False):
    def after(name):
        return [layers.BatchNormalization(name=name)] if batch_norm_on_dense else []

    return (28, 28, 3), [
        layers.Conv2D(96, 5, padding="same", activation="relu", name="conv1"),
        layers.MaxPooling2D(3, padding="same"),
        layers.BatchNormalization(name="bn1"),
        layers.Conv2D(256, 5, padding="same", activation="relu", name="conv2"),
        layers.MaxPooling2D(3, padding="same"),
        layers.BatchNormalization(name="bn2"),
        layers.Flatten(),
        dense("fc1", 384),
        *after("bn3"),
        dense("fc2", 192),
        *after("bn4"),
        dense("fc3", CLASSES, "softmax"),
    ]


def mlp3(dense):
    return (28, 28, 3), [
        layers.Flatten(),
        *(dense(f"fc{i}", 512) for i in range(3)),
        dense("fc3", CLASSES, "softmax"),
    ]


NETWORKS = {
    "lenet5": lenet5,
    "miniAlexNet": mini_alex_net,
    "miniAlexNetBatchNorm": lambda dense: mini_alex_net(dense, True),
    "mlp3": mlp3,
}


def build(network, penalized):
    def dense(name, units, activation="relu"):
        penalty = keras.regularizers.L2(L2) if name in penalized else None
        return layers.Dense(units, activation=activation, name=name, kernel_regularizer=penalty)

    shape, stack = NETWORKS[network](dense)
    return keras.Sequential([keras.Input(shape), *stack]), shape


def tensors(model):
    """(name, variable) of every weight, layer by layer, in the order kernel, bias, gamma, beta, mean, variance."""
    return [(f"{layer.name}/{weight.name}", weight) for layer in model.layers for weight in layer.weights]


def sample_indices(size):
    return np.arange(size) if size <= SAMPLES else salted(size, SAMPLES) % size


def train(network, optimizer, loss, penalized):
    model, shape = build(network, penalized)
    initial = {}
    for number, (name, weight) in enumerate(tensors(model)):
        value = initial_value(number, name.split("/")[1], weight.shape)
        weight.assign(value)
        initial[name] = value
    rates = BATCH_NORM_RATES if network.startswith("miniAlexNet") else RATES
    rate = rates[optimizer][list(LOSSES).index(loss)]
    model.compile(optimizer=OPTIMIZERS[optimizer](rate), loss=LOSSES[loss], metrics=["accuracy"], jit_compile=False)
    standardize = shape[2] == 3
    images, labels = dataset(10, TRAIN_IMAGES, shape)
    losses, result = [], {}
    for step in range(STEPS):
        chosen = batch_indices(step)
        model.reset_metrics()
        x = preprocess(images[chosen], standardize)
        losses.append(model.train_on_batch(x, np.eye(CLASSES, dtype=np.float32)[labels[chosen]])[0])
        if step + 1 not in CHECKED_STEPS:
            continue
        for name, weight in tensors(model):
            value = weight.numpy()
            change = value.astype(np.float64) - initial[name]
            norms = [np.linalg.norm(value.astype(np.float64)), np.linalg.norm(change)]
            result[f"step{step + 1}/{name}"] = value.ravel()[sample_indices(value.size)]
            result[f"step{step + 1}/{name}/norms"] = np.array(norms, np.float32)
    images, labels = dataset(20, TEST_IMAGES, shape)
    x = preprocess(images, standardize)
    test_loss = float(getattr(keras.losses, LOSSES[loss])(np.eye(CLASSES)[labels], model(x, training=False)).numpy().mean())
    correct = float((np.argmax(model(x, training=False), 1) == labels).sum())
    return {**result, "losses": np.array(losses, np.float32), "test": np.array([test_loss, correct], np.float32)}


def main():
    folder = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "keras")
    for network in sys.argv[1:] or NETWORKS:
        fixture = {}
        cases = [(optimizer, loss, "") for optimizer in OPTIMIZERS for loss in LOSSES]
        if network != "lenet5":
            cases.append(("momentum", "mse", "-l2"))
        for optimizer, loss, variant in cases:
            case = f"{optimizer}-{loss}{variant}"
            print(network, case, flush=True)
            penalized = ("fc1", "fc2") if variant == "-l2" else ()
            for name, value in train(network, optimizer, loss, penalized).items():
                fixture[f"{case}/{name}"] = value
        versions = {"keras": keras.__version__, "tensorflow": tf.__version__}
        save_file(fixture, os.path.join(folder, f"{network}.safetensors"), versions)


if __name__ == "__main__":
    main()

"""Writes test/fixtures/weights: small files of every format that phasewatch reads, each by the library that people write it with.

    pip install numpy ml_dtypes safetensors torch keras h5py onnx
    KERAS_BACKEND=torch python scripts/makeWeightFixtures.py test/fixtures/weights

Every array holds pattern(shape, seed), which test/weights/pattern.ts repeats: multiples of 1/64 in [-50/64, 50/64], exact in every float type.
"""

import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np

out = Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)


def pattern(shape, seed, dtype="f4"):
    i = np.arange(int(np.prod(shape)), dtype=np.int64)
    return (((i * 37 + seed * 11) % 101 - 50) / 64).astype(dtype).reshape(shape)


def write_safetensors():
    from safetensors.numpy import save_file
    from safetensors.torch import save_file as save_torch
    import torch

    r = np.random.default_rng(0)
    save_file(
        {
            "fc1/kernel": r.normal(size=(5, 3)).astype("f4"),
            "b": r.normal(size=(7,)).astype("f8"),
            "h": r.normal(size=(3,)).astype("f2"),
            "i": np.array([-1, 2**40], dtype="i8"),
            "u": np.arange(3, dtype="u1"),
            "t": np.array([True, False]),
            "s": np.array(3.5, dtype="f4"),
            "e": np.zeros((0, 4), dtype="f4"),
            "i32": np.arange(4, dtype="i4"),
            "u16": np.arange(3, dtype="u2"),
        },
        out / "numpy.safetensors",
        metadata={"format": "np"},
    )
    save_torch(
        {
            "embed.weight": torch.from_numpy(pattern((6, 4), 1)).bfloat16(),
            "conv.weight": torch.from_numpy(pattern((4, 3, 2, 2), 2)).half(),
            "fc.weight": torch.from_numpy(pattern((5, 4), 3, "f8")),
            "fc.bias": torch.from_numpy(pattern((5,), 4)),
            "quantized.weight": torch.from_numpy(pattern((4, 4), 5)).to(torch.float8_e4m3fn),
        },
        out / "torch.safetensors",
    )


def write_numpy():
    np.save(out / "matrix.npy", pattern((5, 3), 1))
    np.save(out / "fortran.npy", np.asfortranarray(pattern((3, 2, 4), 2, "f8")))
    np.save(out / "bigEndian.npy", pattern((4, 3), 3, ">f4"))
    np.save(out / "half.npy", pattern((4, 3), 4, "f2"))
    import ml_dtypes

    np.save(out / "bfloat16.npy", pattern((4, 3), 5).astype(ml_dtypes.bfloat16))
    np.save(out / "integers.npy", np.arange(6).reshape(2, 3))
    arrays = {"fc1": pattern((5, 3), 1), "conv/kernel": pattern((2, 2, 3, 4), 2, "f8"), "bias": pattern((3,), 3)}
    np.savez(out / "stored.npz", **arrays)
    np.savez_compressed(out / "compressed.npz", **arrays)


def write_torch():
    import torch

    def tensor(shape, seed, dtype="f4"):
        return torch.from_numpy(pattern(shape, seed, dtype))

    base = tensor((8, 6), 7)
    state = OrderedDict(
        [
            ("conv.weight", tensor((4, 3, 2, 2), 1)),
            ("conv.bias", tensor((4,), 2)),
            ("fc.weight", tensor((5, 4), 3, "f8")),
            ("half.weight", tensor((4, 3), 4).half()),
            ("bfloat.weight", tensor((4, 3), 5).bfloat16()),
            ("embedding.weight", tensor((6, 4), 6)),
            ("transposed.weight", base.t()),
            ("part.weight", base[2:5, 1:4]),
            ("steps", torch.arange(4)),
        ]
    )
    torch.save(state, out / "state.pt")
    torch.save(state, out / "protocol4.pt", pickle_protocol=4)
    torch.save(state, out / "legacy.pt", _use_new_zipfile_serialization=False)
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    with torch.no_grad():
        for index, parameter in enumerate(module.parameters()):
            parameter.copy_(tensor(tuple(parameter.shape), index))
    optimizer = torch.optim.Adam(module.parameters())
    module(torch.ones(1, 4)).sum().backward()
    optimizer.step()
    with torch.no_grad():
        for index, parameter in enumerate(module.parameters()):
            parameter.copy_(tensor(tuple(parameter.shape), index))
    torch.save(
        {"epoch": 3, "lr": 0.1, "model": module.state_dict(), "optimizer": optimizer.state_dict(), "done": None},
        out / "checkpoint.pth",
    )
    torch.save(dict(module.named_parameters()), out / "parameters.pt")
    torch.save(module, out / "module.pt")
    torch.save(
        {
            "settings": {"dtype": torch.bfloat16, "device": torch.device("cuda", 0), "shape": torch.Size([4, 3]), "tags": {1, 2}, "raw": b"\xff"},
            "complex": torch.zeros(4, 3, dtype=torch.complex64),
            "float8": torch.zeros(4, 3).to(torch.float8_e4m3fn),
            "weight": tensor((4, 3), 1),
        },
        out / "types.pt",
    )


def write_h5py():
    import h5py

    with h5py.File(out / "plain.h5", "w") as f:
        f["a/dense/kernel"] = pattern((5, 3), 1)
        f["a/conv/kernel"] = pattern((2, 2, 3, 4), 2, ">f8")
        f["half"] = pattern((4, 3), 3, "f2")
        f["count"] = np.int64(3)
        f["names"] = ["x", "yy"]
        f.create_dataset(
            "packed", data=pattern((30, 17), 4), chunks=(8, 5), compression="gzip", shuffle=True, fletcher32=True
        )
        f.create_dataset("chunked", data=pattern((7, 9), 5, "f8"), chunks=(4, 4))
        f.create_dataset("empty", shape=(3, 4), dtype="f4", fillvalue=0.5)
        many = f.create_group("many")
        for i in range(60):
            many[f"w{i:02d}"] = pattern((2, 3), i)
    with h5py.File(out / "latest.h5", "w", libver="latest") as f:
        f["dense/kernel"] = pattern((5, 3), 1)
        f.create_dataset("whole", data=pattern((6, 4), 2), chunks=(6, 4), compression="gzip")
    with h5py.File(out / "ordered.h5", "w", track_order=True) as f:
        f["b"] = pattern((3, 2), 1)
        f["a"] = pattern((2, 3), 2)
    with h5py.File(out / "dense.h5", "w", track_order=True) as f:
        group = f.create_group("many", track_order=True)
        for i in range(30):
            group[f"w{i:02d}"] = pattern((2, 3), i)
        for i in range(400):  # second names: they cost little and make the index and the heap grow
            group[f"other_name_of_the_first_one_{i:03d}"] = group["w00"]


def write_keras():
    import keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3, name="conv"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.DepthwiseConv2D(2, name="spread"),
            keras.layers.Flatten(name="flat"),
            keras.layers.Dense(6, name="fc1"),
            keras.layers.Dense(2, name="fc2"),
        ]
    )
    seed = 0
    for layer in model.layers:
        weights = []
        for w in layer.get_weights():
            weights.append(pattern(w.shape, seed))
            seed += 1
        layer.set_weights(weights)
    model.compile(optimizer="adam", loss="mse")
    model.save(out / "model.keras")
    model.save(out / "model.h5")
    model.save_weights(out / "model.weights.h5")

    def fill(model):
        for seed, variable in enumerate(model.weights):
            variable.assign(pattern(tuple(variable.shape), seed))

    inputs = keras.Input((5, 4))
    attention = keras.layers.MultiHeadAttention(2, 3, name="attention")(inputs, inputs)
    model = keras.Model(inputs, keras.layers.SeparableConv1D(3, 2, name="separable")(attention))
    fill(model)
    model.save_weights(out / "attention.weights.h5")
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, dtype="bfloat16", name="fc")])
    fill(model)
    model.save(out / "bfloat16.keras")


def write_onnx():
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    conv = numpy_helper.from_array(pattern((4, 3, 2, 2), 1), "conv.weight")
    bias = numpy_helper.from_array(pattern((4,), 2), "conv.bias")
    fc = helper.make_tensor("fc.weight", TensorProto.FLOAT, (6, 4), pattern((6, 4), 3).ravel().tolist())
    wide = helper.make_tensor("wide", TensorProto.DOUBLE, (4, 3), pattern((4, 3), 4, "f8").ravel().tolist())
    half = helper.make_tensor("half", TensorProto.FLOAT16, (4, 3), pattern((4, 3), 5).ravel().tolist())
    table = numpy_helper.from_array(pattern((7, 4), 6), "table")
    shape = numpy_helper.from_array(np.array([-1, 4], dtype="i8"), "shape")
    constant = numpy_helper.from_array(pattern((3, 2), 7), "constant_value")
    nodes = [
        helper.make_node("Conv", ["x", "conv.weight", "conv.bias"], ["y"], "conv1"),
        helper.make_node("Reshape", ["y", "shape"], ["f"]),
        helper.make_node("Gemm", ["f", "fc.weight"], ["g"], "fc", transB=1),
        helper.make_node("Gather", ["table", "i"], ["e"]),
        helper.make_node("Constant", [], ["c"], value=constant),
    ]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "g",
        [info("x", TensorProto.FLOAT, (1, 3, 2, 2)), info("i", TensorProto.INT64, (1,))],
        [info("g", TensorProto.FLOAT, None)],
        [conv, bias, fc, wide, half, table, shape],
    )
    model = helper.make_model(graph, producer_name="makeWeightFixtures")
    onnx.save(model, out / "model.onnx")
    onnx.save(
        model,
        out / "external.onnx",
        save_as_external_data=True,
        location="external.onnx.data",
        size_threshold=64,
    )


for write in (write_safetensors, write_numpy, write_torch, write_h5py, write_keras, write_onnx):
    write()

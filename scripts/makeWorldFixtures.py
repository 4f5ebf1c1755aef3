"""Writes test/fixtures/world: small files of the kinds that people have beside plain state dicts, each by the library that makes it.

    pip install numpy safetensors torch keras h5py onnx gguf
    KERAS_BACKEND=torch python scripts/makeWorldFixtures.py test/fixtures/world

Arrays hold pattern(shape, seed) where a test compares values, as in makeWeightFixtures.py.
"""

import argparse
import collections
import copy
import datetime
import json
import pathlib
import pickle
import sys
import types

import numpy as np
import torch
import torch.nn as nn

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)


def pattern(shape, seed, dtype="f4"):
    i = np.arange(int(np.prod(shape)), dtype=np.int64)
    return (((i * 37 + seed * 11) % 101 - 50) / 64).astype(dtype).reshape(shape)


def tensor(shape, seed):
    return torch.from_numpy(pattern(shape, seed))


def filled(module):
    with torch.no_grad():
        for seed, parameter in enumerate(module.parameters()):
            parameter.copy_(tensor(tuple(parameter.shape), seed))
    return module


def net():
    return filled(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)))


def save(value, name, **options):
    torch.save(value, out / name, **options)


def write_torch_checkpoints():
    state = net().state_dict()
    beside = {
        "namespace": argparse.Namespace(lr=0.1),
        "numpy_scalar": np.float64(0.93),
        "numpy_array": np.ones(3),
        "defaultdict": collections.defaultdict(list, {"loss": [1.0, 2.0]}),
        "counter": collections.Counter("aab"),
        "posixpath": pathlib.PurePosixPath("/tmp/x"),
        "datetime": datetime.datetime(2024, 1, 1),
        "simplenamespace": types.SimpleNamespace(a=1),
        "rng": np.random.RandomState(0).get_state(),
        "plain": [1 + 2j, 2**70, range(3), None, (1, 2), b"abc", torch.float32, slice(1, 2)],
    }
    for name, value in beside.items():
        save({"state_dict": state, "beside": value}, f"{name}.pth")
    module = net()
    optimizer = torch.optim.Adam(module.parameters())
    module(torch.ones(1, 4)).sum().backward()
    optimizer.step()
    optim = optimizer.state_dict()
    save(
        {
            "state_dict": {f"model.{k}": v for k, v in state.items()},
            "optimizer_states": [optim],
            "callbacks": {"ModelCheckpoint{'monitor': None}": {"best": torch.tensor(0.5)}},
        },
        "lightning.ckpt",
    )
    save({"model": state, "opt_d": optim, "anything": copy.deepcopy(optim), "ema": {k: v.clone() for k, v in state.items()}}, "gan.pth")
    save({"ema": state}, "ema_alone.pth")
    save(module := net(), "whole_module.pth")
    torch.jit.save(torch.jit.script(module), str(out / "script.pt"))
    torch.jit.save(torch.jit.trace(module, torch.ones(1, 4)), str(out / "trace.pt"))
    save({"empty": {}}, "no_tensors.pth")
    save({"b": torch.ones(3)}, "no_matrices.pth")
    pickle.dump({"model": {"fc.weight": pattern((3, 4), 1)}}, open(out / "arrays.pkl", "wb"), protocol=2)


def write_python2_dict():
    """An OrderedDict of pairs, as Python 2 and early Python 3 pickled it."""

    class Old(pickle._Pickler):
        dispatch = dict(pickle._Pickler.dispatch)

        def save_pairs(self, value):
            self.save_reduce(collections.OrderedDict, ([[k, v] for k, v in value.items()],), obj=value)

        dispatch[collections.OrderedDict] = save_pairs

    old = types.ModuleType("pickle")
    old.Pickler = Old
    old.dump = lambda value, file, protocol=2: Old(file, protocol).dump(value)
    state = collections.OrderedDict([("fc.weight", tensor((3, 4), 1)), ("fc.bias", tensor((3,), 2))])
    save(state, "python2.pth", pickle_module=old, _use_new_zipfile_serialization=False)


def write_torch_tensors():
    w = tensor((6, 4), 1)
    save({"a.weight": w[:3], "b.weight": w.t(), "e.weight": tensor((1, 4), 2).expand(6, 4)}, "views.pth")
    scales = torch.tensor([0.5, 0.25, 1, 2, 0.125, 4], dtype=torch.double)
    zeros = torch.tensor([0, 1, -1, 2, 0, 3])
    whole = tensor((6, 4), 3).mul(64).to(torch.int8)
    channels = torch._make_per_channel_quantized_tensor(whole, scales, zeros, 0)
    one = torch._make_per_tensor_quantized_tensor(whole, 0.5, 3)
    save({"q.weight": channels, "t.weight": one, "fc.weight": w}, "quantized.pth")
    save({"s.weight": w.to_sparse(), "r.weight": w.to_sparse_csr(), "fc.weight": w}, "sparse.pth")
    save({"m.weight": torch.empty(6, 4, device="meta"), "fc.weight": w}, "meta.pth")
    save({"f.weight": w.to(torch.float8_e5m2), "fc.weight": w}, "float8.pth")
    wn = filled(nn.utils.parametrizations.weight_norm(nn.Conv1d(4, 3, 2)))
    old = filled(nn.utils.weight_norm(nn.Linear(4, 3)))
    sn = nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3))
    save(
        {
            **{f"wn.{k}": v for k, v in wn.state_dict().items()},
            **{f"old.{k}": v for k, v in old.state_dict().items()},
            **{f"sn.{k}": v for k, v in sn.state_dict().items()},
        },
        "weight_norm.pth",
    )
    sn.eval()
    old(torch.ones(1, 4))  # this one is put together before each use
    np.savez(
        out / "weight_norm_joined.npz",
        wn=wn.weight.detach().numpy(),
        old=old.weight.detach().numpy(),
        sn=sn.weight.detach().numpy(),
    )
    import torch.nn.utils.prune as prune

    pruned = filled(nn.Linear(4, 3))
    prune.l1_unstructured(pruned, "weight", 0.5)
    save(pruned.state_dict(), "pruned.pth")
    np.savez(out / "pruned_joined.npz", weight=pruned.weight.detach().numpy())


def kinds():
    """Layers of many kinds in one state dict."""
    return {
        "lstm.weight_ih_l0": tensor((12, 4), 1),
        "lstm.weight_hh_l0": tensor((12, 3), 2),
        "lstm.bias_ih_l0": tensor((12,), 3),
        "mha.in_proj_weight": tensor((12, 4), 4),
        "emb.weight": tensor((9, 4), 5),
        "first.weight": tensor((4, 3, 3, 3), 6),
        "mid.weight": tensor((8, 1, 3, 3), 7),
        "grouped.weight": tensor((8, 2, 3, 3), 8),
        "volume.weight": tensor((4, 2, 3, 3, 3), 9),
        "line.weight": tensor((4, 3, 5), 10),
        "bilinear.weight": tensor((4, 3, 5), 11),
        "cls_token": tensor((1, 1, 4), 12),
        "pos_embed": tensor((1, 7, 4), 13),
        "mlp.experts.gate_up_proj": tensor((2, 4, 6), 14),
        "moe.stack": tensor((2, 40, 36), 15),
        "causal_mask": tensor((1, 1, 4, 4), 16),
        "freqs": tensor((6, 4), 17),
    }


def write_kinds():
    from safetensors.torch import save_file

    state = kinds()
    save(state, "kinds.pth")
    save_file(state, str(out / "kinds.safetensors"))
    np.savez(out / "kinds.npz", **{k: v.numpy() for k, v in state.items()})


def write_safetensors():
    from safetensors.numpy import save_file
    from safetensors.torch import save_file as save_torch

    folder = out / "sharded"
    folder.mkdir(exist_ok=True)
    shards = {
        "model-00001-of-00002.safetensors": {"embed_tokens.weight": pattern((9, 4), 1), "q_proj.weight": pattern((4, 4), 2)},
        "model-00002-of-00002.safetensors": {"down_proj.weight": pattern((4, 6), 3)},
    }
    for name, tensors in shards.items():
        save_file(tensors, folder / name)
    index = {"metadata": {}, "weight_map": {key: name for name, tensors in shards.items() for key in tensors}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    # The same model again, and what a trainer leaves beside it.
    torch.save({k: torch.from_numpy(v) for t in shards.values() for k, v in t.items()}, folder / "pytorch_model.bin")
    torch.save({"state": {}, "param_groups": []}, folder / "optimizer.pt")
    torch.save({"python": (3, (1, 2), None)}, folder / "rng_state.pth")
    adapter = out / "lora"
    adapter.mkdir(exist_ok=True)
    module = "base_model.model.q_proj"
    save_file(
        {f"{module}.lora_A.weight": pattern((2, 6), 1), f"{module}.lora_B.weight": pattern((5, 2), 2)},
        adapter / "adapter_model.safetensors",
    )
    (adapter / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 2, "lora_alpha": 3}))
    save_torch(
        {
            "l.weight": tensor((6, 4), 1).to(torch.float8_e4m3fn),
            "l.weight_scale_inv": torch.tensor([[1.0, 2.0], [0.5, 4.0], [8.0, 0.25]]),
            "i.weight": tensor((3, 4), 2).mul(64).to(torch.int8),
            "i.weight_scale": torch.tensor([[0.5], [2.0], [0.25]]),
            "q.qweight": torch.zeros(2, 4, dtype=torch.int32),
            "q.scales": torch.ones(2, 4).half(),
            "q.qzeros": torch.zeros(2, 1, dtype=torch.int32),
            "n.weight": torch.zeros(12, 1, dtype=torch.uint8),
            "n.weight.absmax": torch.ones(4),
            "n.weight.quant_map": torch.ones(16),
        },
        str(out / "quantized.safetensors"),
    )
    pipeline = out / "pipeline"
    for part in ("unet", "text_encoder"):
        (pipeline / part).mkdir(parents=True, exist_ok=True)
    (pipeline / "model_index.json").write_text("{}")
    save_file({"to_q.weight": pattern((4, 4), 1)}, pipeline / "unet" / "diffusion_pytorch_model.safetensors")
    torch.save({"q.weight": tensor((4, 4), 2)}, pipeline / "text_encoder" / "diffusion_pytorch_model.bin")


def write_onnx():
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def array(name, value):
        return numpy_helper.from_array(np.asarray(value), name)

    def model(name, nodes, initializers, shape):
        graph = helper.make_graph(
            nodes,
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
            initializers,
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        onnx.save(made, out / name)

    node = helper.make_node
    kernel = pattern((4, 3, 2, 2), 1)
    gates = [array("W", pattern((2, 12, 4), 1)), array("R", pattern((2, 12, 3), 2)), array("B", pattern((2, 24), 3))]
    model(
        "bilstm.onnx",
        [node("LSTM", ["x", "W", "R", "B"], ["y"], hidden_size=3, direction="bidirectional")],
        gates,
        (1, 1, 4),
    )
    model(
        "biases.onnx",
        [
            node("Gemm", ["x", "W", "c"], ["h"], transB=1),
            node("MatMul", ["h", "V"], ["k"]),
            node("Add", ["k", "b"], ["y"]),
        ],
        [array("W", pattern((3, 4), 1)), array("c", pattern((1, 3), 2)), array("V", pattern((3, 5), 3)), array("b", pattern((1, 5), 4))],
        (1, 4),
    )
    model(
        "cast.onnx",
        [node("Cast", ["Wh"], ["W1"], to=TensorProto.FLOAT), node("Identity", ["W1"], ["W"]), node("Conv", ["x", "W"], ["y"])],
        [array("Wh", kernel.astype("f2"))],
        (1, 3, 4, 4),
    )
    whole = (pattern((4, 3, 2, 2), 2) * 64).astype("i1")
    model(
        "qdq.onnx",
        [node("DequantizeLinear", ["Wq", "s", "z"], ["W"], axis=0), node("Conv", ["x", "W"], ["y"])],
        [array("Wq", whole), array("s", np.array([0.5, 2, 0.25, 1], "f4")), array("z", np.array([0, 1, -2, 3], "i1"))],
        (1, 3, 4, 4),
    )
    model(
        "qlinear.onnx",
        [node("QLinearConv", ["x", "xs", "xz", "Wq", "s", "z", "ys", "yz"], ["y"])],
        [
            array("xs", np.float32(1)),
            array("xz", np.int8(0)),
            array("Wq", whole),
            array("s", np.array([0.5, 2, 0.25, 1], "f4")),
            array("z", np.array([0, 0, 0, 0], "i1")),
            array("ys", np.float32(1)),
            array("yz", np.int8(0)),
        ],
        (1, 3, 4, 4),
    )
    info = [helper.make_tensor_value_info("ye", TensorProto.FLOAT, None)]
    outer = helper.make_graph([node("Conv", ["x", "Wo"], ["ye"])], "outer", [], info)
    inner = helper.make_graph([node("Conv", ["x", "Wi"], ["ye"])], "inner", [], info, [array("Wi", kernel)])
    model("if_outer.onnx", [node("If", ["c"], ["y"], then_branch=outer, else_branch=outer)], [array("c", np.array(True)), array("Wo", kernel)], (1, 3, 4, 4))
    model("if_inner.onnx", [node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)], [array("c", np.array(True))], (1, 3, 4, 4))
    model("experts.onnx", [node("MatMul", ["x", "W"], ["y"])], [array("W", pattern((2, 4, 6), 14))], (2, 1, 4))
    model("depthwise.onnx", [node("Conv", ["x", "W"], ["y"], group=4)], [array("W", pattern((4, 1, 2, 2), 1))], (1, 4, 4, 4))


def write_hdf5():
    import h5py

    # As Keras 3 writes a .h5: a depthwise kernel between two others, no biases, names that say nothing; then one of a true single output.
    for file, kernels in [
        ("unnamed_depthwise.h5", {"a": (3, 3, 3, 8), "b": (3, 3, 8, 1), "c": (1, 1, 8, 5)}),
        ("one_output.h5", {"a": (3, 3, 3, 8), "b": (3, 3, 8, 1), "c": (3, 3, 1, 5)}),
    ]:
        with h5py.File(out / file, "w") as f:
            for seed, (layer, shape) in enumerate(kernels.items()):
                f[f"model_weights/{layer}/{layer}/kernel"] = pattern(shape, seed)

    with h5py.File(out / "partial.h5", "w") as f:
        part = f.create_dataset("d/kernel", (6, 4), "f4", chunks=(3, 2), fillvalue=0.5)
        part[:3, :2] = pattern((3, 2), 1)


def write_keras():
    import keras

    layers = keras.layers

    def fill(model):
        for seed, variable in enumerate(model.weights):
            variable.assign(pattern(tuple(variable.shape), seed))
        return model

    inputs = keras.Input((5, 4))
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(inputs)
    x = layers.GRU(3, return_sequences=True)(x)
    x = layers.SimpleRNN(2)(x)
    model = fill(keras.Model(inputs, layers.Dense(2)(x)))
    for name in ("rnn.keras", "rnn.h5"):
        model.save(out / name)
    model.save_weights(out / "rnn.weights.h5")
    inner = keras.Sequential([keras.Input((6, 6, 3)), layers.Conv2D(4, 3, name="conv"), layers.DepthwiseConv2D(2, name="dw")], name="backbone")
    pictures = keras.Input((6, 6, 3))
    nested = fill(keras.Model(pictures, layers.Dense(2, name="head")(layers.GlobalAveragePooling2D()(inner(pictures)))))
    nested.save(out / "nested.keras")
    nested.save(out / "nested.h5")
    dense = keras.Sequential([keras.Input((6,)), layers.Dense(4, name="a"), layers.Dense(3, name="b")])
    fill(dense)
    dense.quantize("int8")
    dense.save(out / "int8.keras")
    np.savez(
        out / "int8_joined.npz",
        **{layer.name: np.asarray(layer._kernel.numpy(), "f4") / layer.kernel_scale.numpy() for layer in dense.layers},
    )
    keras.config.set_dtype_policy("mixed_float16")
    fill(keras.Sequential([keras.Input((3,)), layers.Embedding(9, 4), layers.Dense(2)])).save(out / "mixed.keras")
    keras.config.set_dtype_policy("float16")
    fill(keras.Sequential([keras.Input((3,)), layers.Dense(2)])).save(out / "half.keras")
    keras.config.set_dtype_policy("float32")
    shards = out / "kerasShards"
    shards.mkdir(exist_ok=True)
    two = fill(keras.Sequential([keras.Input((40,)), layers.Dense(50), layers.Dense(40)]))
    two.save_weights(shards / "model.weights.json", max_shard_size=9e-6)


def write_gguf():
    import gguf
    from gguf.quants import dequantize, quantize

    kind = gguf.GGMLQuantizationType
    writer = gguf.GGUFWriter(out / "model.gguf", "llama")
    writer.add_array("tokenizer.ggml.tokens", ["a", "bc"])
    joined = {}
    random = np.random.default_rng(0)
    plain = [kind.F32, kind.F16, kind.BF16, kind.Q8_0, kind.Q4_0, kind.Q4_1, kind.Q5_0, kind.Q5_1]
    for of in plain:
        stored = quantize(pattern((3, 64), 1), of)
        writer.add_tensor(f"blk.0.{of.name.lower()}.weight", stored, raw_dtype=of)
        joined[of.name.lower()] = dequantize(stored, of).astype("f4")
    # No quantizer in Python makes these: any bytes are blocks of them, but for the half floats, which must be finite.
    supers = [(kind.Q4_K, (0, 2)), (kind.Q6_K, (208,)), (kind.Q2_K, (80, 82)), (kind.Q3_K, (108,)), (kind.Q5_K, (0, 2))]
    for of, halves in supers:
        stored = random.integers(0, 256, (2, gguf.GGML_QUANT_SIZES[of][1]), dtype="u1")
        for row in stored:
            for at in halves:
                row[at : at + 2] = np.frombuffer(np.float16(random.normal() / 64).tobytes(), "u1")
        writer.add_tensor(f"blk.0.{of.name.lower()}.weight", stored, raw_dtype=of)
        joined[of.name.lower()] = dequantize(stored, of).astype("f4")
    # Read by nobody here, and listed: its blocks are tables.
    writer.add_tensor("blk.0.iq4_nl.weight", np.zeros((3, 36), "u1"), raw_dtype=kind.IQ4_NL)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    np.savez(out / "gguf_joined.npz", **joined)


for write in (
    write_torch_checkpoints,
    write_python2_dict,
    write_torch_tensors,
    write_kinds,
    write_safetensors,
    write_onnx,
    write_hdf5,
    write_keras,
    write_gguf,
):
    torch.manual_seed(0)
    write()

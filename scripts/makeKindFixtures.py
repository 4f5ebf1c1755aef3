"""Writes test/fixtures/kinds: small weights files of more kinds that libraries make, and in expected.npz what each of their layers is.

    pip install numpy ml_dtypes safetensors torch keras h5py onnx
    KERAS_BACKEND=torch python scripts/makeKindFixtures.py test/fixtures/kinds

expected.json names the file and layer of each array in expected.npz; the values come from the libraries themselves, or from NumPy by the definition of the format.
"""

import json
import pathlib
import pickle
import shutil
import struct
import sys
import types

import keras
import ml_dtypes
import numpy as np
import onnx
import torch
import torch.nn as nn
import torch.nn.utils as old
import torch.nn.utils.parametrizations as new
import torch.nn.utils.prune as prune
from keras import layers as L
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(1)
torch.manual_seed(1)
keras.utils.set_random_seed(1)
expected = {}


def random(*shape):
    return rng.standard_normal(shape).astype("f4")


def expect(file, **layers):
    for name, value in layers.items():
        value = value.detach().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
        expected[f"{file}::{name}"] = value.astype("f8")


# PyTorch


def write_modules():
    module = nn.ModuleDict(
        {
            "lstm": nn.LSTM(3, 4, bidirectional=True, proj_size=2),
            "bag": nn.EmbeddingBag(6, 3),
            "norm": nn.LayerNorm((2, 3)),
        }
    )
    state = module.state_dict()
    layers = {k: v for k, v in state.items() if v.dim() == 2 and "norm" not in k}
    torch.save(module, out / "module.pth")
    torch.serialization.get_source_lines_and_file = None  # no source of PyTorch in the file, nor where it was
    torch.save(module, out / "module_legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(state, out / "state.pth")
    for file in ("module.pth", "module_legacy.pth", "state.pth"):
        expect(file, **layers)


def randomized(module):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn_like(parameter))
    return module


def write_reparametrized():
    parts = nn.ModuleDict(
        {
            "one_norm": randomized(old.weight_norm(nn.Linear(4, 3), dim=None)),
            "new_one_norm": randomized(new.weight_norm(nn.Linear(4, 3), dim=None)),
            "transposed": old.spectral_norm(nn.ConvTranspose1d(3, 3, 2)),
            "new_transposed": new.spectral_norm(nn.ConvTranspose1d(4, 3, 2)),
        }
    )
    inputs = {"one_norm": (1, 4), "new_one_norm": (1, 4), "transposed": (1, 3, 5), "new_transposed": (1, 4, 5)}
    for mode in (parts.train(), parts.eval()):
        for name, shape in inputs.items():
            mode[name](torch.ones(shape))
    torch.save(parts.state_dict(), out / "reparametrized.pth")
    expect("reparametrized.pth", **{f"{name}.weight": part.weight for name, part in parts.items()})
    whole = nn.ModuleDict({"pruned": nn.Conv1d(3, 4, 2), "norm": randomized(old.weight_norm(nn.LSTM(3, 2), "weight_hh_l0"))})
    prune.random_unstructured(whole["pruned"], "weight", 0.5)
    whole["norm"](torch.ones(1, 1, 3))
    torch.save(whole, out / "reparametrized_module.pth")
    lstm = whole["norm"]
    expect(
        "reparametrized_module.pth",
        **{"pruned.weight": whole["pruned"].weight, "norm.weight_ih_l0": lstm.weight_ih_l0, "norm.weight_hh_l0": lstm.weight_hh_l0},
    )


def write_checkpoints():
    net = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    averaged = torch.optim.swa_utils.AveragedModel(net)
    averaged.update_parameters(net)
    shadow = {"decay": 0.9, "shadow_params": [p.detach() * 1.1 for p in net.parameters()]}
    torch.save({"model": net.state_dict(), "swa_model": averaged.state_dict(), "ema": shadow}, out / "averages.pth")
    expect("averages.pth", **{"model.0.weight": net[0].weight, "model.1.weight": net[1].weight})
    frozen = torch.jit.freeze(torch.jit.script(net.eval()))
    torch.jit.save(frozen, str(out / "frozen.pt"))
    expect("frozen.pt", **{"constants.0": net[0].weight, "constants.2": net[1].weight})

    class OfDevice:
        def __init__(self, *made):
            self.made = made

        def __reduce__(self):
            return self.made

    w = torch.randn(4, 3)
    rest = (torch.float32, "xla:0", False)
    from_numpy = OfDevice(torch._utils._rebuild_device_tensor_from_numpy, (w.numpy(), *rest))
    from_tensor = OfDevice(torch._utils._rebuild_device_tensor_from_cpu_tensor, (w, *rest))
    torch.save({"a.weight": from_numpy, "b.weight": from_tensor}, out / "device.pth")
    expect("device.pth", **{"a.weight": w, "b.weight": w})


def write_names():
    state = {f"layers.{i}.conv1d.weight": random(6, 1, 4) for i in range(2)}
    state |= {"ln.weight": random(2, 3), "ln.bias": random(2, 3), "attn.bias_k": random(1, 1, 4)}
    state |= {"blk.0.ffn_up_exps.weight": random(2, 3, 4), "x.relative_coords_table": random(1, 5, 5, 2)}
    state |= {"fc.weight": random(3, 4)}
    save_file(state, out / "names.safetensors")
    experts = state["blk.0.ffn_up_exps.weight"]
    layers = {f"blk.0.ffn_up_exps.weight[{i}]": experts[i] for i in range(2)}
    expect("names.safetensors", **layers, **{"fc.weight": state["fc.weight"]})


# Quantized safetensors, adapters


DTYPES = {"F32": "f4", "I8": "i1", "U8": "u1", "F8_E4M3": ml_dtypes.float8_e4m3fn, "F8_E8M0": ml_dtypes.float8_e8m0fnu}


def write_scales():
    """By hand: the library's save_file of NumPy arrays has no float8."""
    w, rows = random(6, 8), np.abs(random(6, 1)) + 0.5
    float8 = w.astype(DTYPES["F8_E4M3"])
    powers = 2.0 ** rng.integers(-3, 4, (6, 2))
    whole, zeros = rng.integers(-99, 99, (6, 8)), rng.integers(-9, 9, (6, 1))
    stack = random(2, 3, 4).astype(DTYPES["F8_E4M3"])
    of_rows = np.abs(random(2, 3, 1)) + 0.5
    tensors = {
        "powers.weight": ("F8_E4M3", float8),
        "powers.weight_scale": ("F8_E8M0", powers),
        "bytes.weight": ("F8_E4M3", float8),
        "bytes.weight_scale": ("U8", np.log2(powers) + 127),
        "comfy.weight": ("F8_E4M3", float8),
        "comfy.scale_weight": ("F32", [0.25]),
        "zeros.weight": ("I8", whole),
        "zeros.weight_scale": ("F32", rows),
        "zeros.weight_zero_point": ("I8", zeros),
        "mlp.experts.up": ("F8_E4M3", stack),
        "mlp.experts.up_scale": ("F32", of_rows),
        "quanto.weight._data": ("I8", whole),
        "quanto.weight._scale": ("F32", rows),
        "unfit.weight": ("F8_E4M3", float8),
        "unfit.weight_scale": ("F32", np.ones(5)),
        "bitnet.weight": ("U8", np.ones((6, 8))),
        "bitnet.weight_scale": ("F32", [1]),
    }
    header, body = {}, b""
    for name, (dtype, values) in tensors.items():
        array = np.asarray(values).astype(DTYPES[dtype])
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": [len(body), len(body) + array.nbytes]}
        body += array.tobytes()
    text = json.dumps(header).encode()
    (out / "scales.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)
    f8 = float8.astype("f8")
    expect(
        "scales.safetensors",
        **{
            "powers.weight": f8 * np.repeat(powers, 4, 1),
            "bytes.weight": f8 * np.repeat(powers, 4, 1),
            "comfy.weight": f8 * 0.25,
            "zeros.weight": (whole - zeros) * rows.astype("f8"),
            "quanto.weight._data": whole * rows.astype("f8"),
            **{f"mlp.experts.up[{i}]": stack[i].astype("f8") * of_rows[i] for i in range(2)},
        },
    )


def write_adapters():
    folder = out / "adapter"
    folder.mkdir(exist_ok=True)
    A, B = random(2, 5), random(4, 2)
    conv_a, conv_b = random(2, 3, 2, 2), random(4, 2, 1, 1)
    emb_a, emb_b, factors = random(2, 7), random(4, 2), random(2, 1)
    base = "base_model.model."
    tensors = {
        "layers.0.q.lora_A.weight": A,
        "layers.0.q.lora_B.weight": B,
        "layers.1.q.lora_A.weight": A,
        "layers.1.q.lora_B.weight": B,
        "conv.lora_A.weight": conv_a,
        "conv.lora_B.weight": conv_b,
        "emb.lora_embedding_A": emb_a,
        "emb.lora_embedding_B": emb_b,
        "ada.lora_A": A,
        "ada.lora_B": B,
        "ada.lora_E": factors,
        "k.ia3_l": random(5, 1),
        "q.lora_magnitude_vector.weight": random(1, 5),
    }
    save_file({base + name: value for name, value in tensors.items()}, folder / "adapter_model.safetensors")
    config = {"r": 2, "lora_alpha": 4, "alpha_pattern": {"^layers\\.[1-9]\\.q": 1}}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    product = B.astype("f8") @ A
    flat = 2 * (conv_b[:, :, 0, 0].astype("f8") @ conv_a.reshape(2, -1))
    products = {
        "layers.0.q": 2 * product,
        "layers.1.q": product / 2,
        "conv": flat.reshape(4, 3, 2, 2),
        "emb": 2 * (emb_b.astype("f8") @ emb_a),
        "ada": 2 * (B.astype("f8") @ (factors * A)),
    }
    factors_alone = {name: value for name, value in tensors.items() if name.split("lora_")[-1][0] in "ABe" and "ia3" not in name}
    expect("adapter/adapter_model.safetensors", **{f"{base}{name} (B A)": value for name, value in products.items()})
    expect("adapter/adapter_model.safetensors", **{base + name: value for name, value in factors_alone.items()})


# NumPy and pickles


def write_flax():
    attention = "params/block_0/MultiHeadDotProductAttention_1/"
    arrays = {
        attention + "query/kernel": random(6, 2, 3),
        attention + "query/bias": random(2, 3),
        attention + "out/kernel": random(2, 3, 6),
        "params/gemma/query/kernel": random(2, 6, 3),
        "params/gemma/out/kernel": random(2, 3, 6),
        "params/general/kernel": random(4, 2, 3),
        "params/general/bias": random(2, 3),
        "params/conv/kernel": random(3, 4, 5),
        "params/conv/bias": random(5),
    }
    np.savez(out / "flax.npz", **arrays)
    heads_first = arrays["params/gemma/query/kernel"].transpose(1, 0, 2)
    expect(
        "flax.npz",
        **{
            attention + "query/kernel": arrays[attention + "query/kernel"].reshape(6, 6),
            attention + "out/kernel": arrays[attention + "out/kernel"].reshape(6, 6),
            "params/gemma/query/kernel": heads_first.reshape(6, 6),
            "params/gemma/out/kernel": arrays["params/gemma/out/kernel"].reshape(6, 6),
            "params/general/kernel": arrays["params/general/kernel"].reshape(4, 6),
            "params/conv/kernel": arrays["params/conv/kernel"],
        },
    )


def write_objects():
    w = random(4, 3)
    np.save(out / "objects.npy", {"fc": w, "list": [w.T, 3]}, allow_pickle=True)
    expect("objects.npy", **{"fc": w, "list.0": w.T})
    several = np.empty(2, object)
    several[:] = [w, w[:2]]
    np.savez(out / "objects.npz", weights=several, fc=w)
    expect("objects.npz", **{"weights.0": w, "weights.1": w[:2], "fc": w})
    with open(out / "protocol0.pkl", "wb") as file:
        pickle.dump({"fc": w, "über\n": w.T.copy()}, file, protocol=0)
    expect("protocol0.pkl", **{"fc": w, "über\n": w.T})
    with open(out / "bfloat16.pkl", "wb") as file:
        pickle.dump({"fc": w.astype(ml_dtypes.bfloat16)}, file)
    expect("bfloat16.pkl", fc=w.astype(ml_dtypes.bfloat16))

    def _reconstruct_array(fun, args, arr_state, aval_state):
        """As JAX pickles its arrays."""

    for name in ("jax", "jax._src", "jax._src.array"):
        sys.modules[name] = types.ModuleType(name)
    _reconstruct_array.__module__, _reconstruct_array.__qualname__ = "jax._src.array", "_reconstruct_array"
    sys.modules["jax._src.array"]._reconstruct_array = _reconstruct_array

    class JaxArray:
        def __reduce__(self):
            return _reconstruct_array, (*w.__reduce__(), {"weak_type": False, "named_shape": {}})

    with open(out / "jax.pkl", "wb") as file:
        pickle.dump({"linear": {"w": JaxArray()}}, file)
    expect("jax.pkl", **{"linear.w": w})


# Keras


def kernel_of(variable):
    return keras.ops.convert_to_numpy(keras.ops.cast(variable, "float32"))


def write_keras():
    """In the old .h5 nothing tells an einsum kernel without bias from that of a convolution: that file is without one."""
    paths = {
        "layers.keras": ("with_bias/vars/0", "without_bias/vars/0", "spectral/layer/vars/0", "layers/grouped_query_attention/_{}_dense/vars/0"),
        "layers.weights.h5": ("layers/einsum_dense/vars/0", None, "layers/spectral_normalization/layer/vars/0", "layers/grouped_query_attention/_{}_dense/vars/0"),
        "layers.h5": ("model_weights/with_bias/with_bias/kernel", None, "model_weights/spectral/spectral/inner/kernel", "model_weights/attention/attention/{}/kernel"),
    }
    for file, (with_bias, without_bias, spectral, attention_path) in paths.items():
        is_old = file == "layers.h5"
        x = inputs = keras.Input((5, 6))
        x = L.EinsumDense("abc,cde->abde", output_shape=(5, 2, 3), bias_axes="de", name="with_bias")(x)
        x = L.Reshape((5, 6))(x) if is_old else L.EinsumDense("abde,fde->abf", output_shape=(5, 4), name="without_bias")(x)
        x = L.LayerNormalization(axis=[1, 2], name="norm")(x)
        x = L.PReLU(name="slopes")(x)
        x = L.SpectralNormalization(L.Dense(3, name="inner"), name="spectral")(x)
        model = keras.Model(inputs, L.GroupQueryAttention(2, 2, 1, name="attention")(x, x))
        (model.save_weights if ".weights" in file else model.save)(out / file)
        layer = model.get_layer
        expect(file, **{with_bias: kernel_of(layer("with_bias").kernel).reshape(6, 6), spectral: kernel_of(layer("spectral").layer.kernel)})
        if without_bias is not None:
            expect(file, **{without_bias: kernel_of(layer("without_bias").kernel).transpose(1, 2, 0).reshape(6, 4)})
        for name in ("query", "key", "value", "output"):
            kernel = kernel_of(getattr(layer("attention"), f"_{name}_dense").kernel)
            sides = (-1, kernel.shape[-1]) if name == "output" else (kernel.shape[0], -1)
            path = attention_path.format("attention_output" if is_old and name == "output" else name)
            expect(file, **{path: kernel.reshape(sides)})


def write_keras_types():
    inputs = keras.Input((4,), dtype="int32")
    x = L.Embedding(4, 4, name="square")(inputs)
    x = L.EinsumDense("abc,cde->abde", output_shape=(None, 2, 3), bias_axes="de", name="einsum")(x)
    x = L.Reshape((4, 6))(x)
    model = keras.Model(inputs, L.MultiHeadAttention(2, 3, name="attention")(x, x))
    model.quantize("int8")
    model.save(out / "int8_axes.keras")

    def divided(kernel, scale, *shape):
        return kernel_of(kernel).astype("f8").reshape(shape) / kernel_of(scale).astype("f8").reshape(-1)

    embedding, einsum, attention = map(model.get_layer, ("square", "einsum", "attention"))
    table = kernel_of(embedding._embeddings).astype("f8") / kernel_of(embedding.embeddings_scale)[:, None]
    layers = {"square/vars/0": table, "einsum/vars/0": divided(einsum._kernel, einsum.kernel_scale, 4, 6)}
    for name, shape in {"query": (6, 6), "key": (6, 6), "value": (6, 6), "output": (6, 6)}.items():
        dense = getattr(attention, f"_{name}_dense")
        layers[f"attention/{name}_dense/vars/0"] = divided(dense._kernel, dense.kernel_scale, *shape)
    expect("int8_axes.keras", **layers)
    half = keras.Sequential([keras.Input((3,)), L.Dense(2, dtype="bfloat16", name="dense")], name="half")
    half.save(out / "bfloat16.h5")
    expect("bfloat16.h5", **{"model_weights/dense/half/dense/kernel": kernel_of(half.layers[0].kernel)})


# ONNX


def write_onnx():
    def save(file, nodes, initializers):
        values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("x", "y")]
        graph = helper.make_graph(nodes, "graph", values[:1], values[1:], initializers)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)]), out / file)

    def tensor(name, array):
        return numpy_helper.from_array(np.ascontiguousarray(array), name)

    W, R = random(2, 12, 4), random(2, 12, 3)
    inputs = {"W": W, "R": R, "B": random(2, 24), "h0": random(2, 1, 3), "c0": random(2, 1, 3), "P": random(2, 9)}
    node = helper.make_node("LSTM", ["x", "W", "R", "B", "", "h0", "c0", "P"], ["y"], hidden_size=3, direction="bidirectional")
    save("lstm_inputs.onnx", [node], [tensor(name, value) for name, value in inputs.items()])
    expect("lstm_inputs.onnx", **{f"W[{i}]": W[i] for i in (0, 1)}, **{f"R[{i}]": R[i] for i in (0, 1)})

    whole = rng.integers(-99, 99, (8, 6)).astype("i1")
    scale, zero = np.abs(random(2, 6)) + 0.5, rng.integers(-9, 9, (2, 6)).astype("i1")
    V = random(1, 6, 5)
    nodes = [
        helper.make_node("DequantizeLinear", ["Q", "scale", "zero"], ["W"], axis=0, block_size=4),
        helper.make_node("MatMul", ["x", "W"], ["1"]),
        helper.make_node("MatMul", ["1", "V"], ["2"]),
        helper.make_node("LayerNormalization", ["2", "n", "b"], ["3"], axis=-2),
        helper.make_node("Einsum", ["3", "E"], ["y"], equation="abc,cde->abde"),
    ]
    initializers = {"Q": whole, "scale": scale, "zero": zero, "V": V, "n": random(4, 5), "b": random(4, 5), "E": random(5, 2, 3)}
    save("blocks.onnx", nodes, [tensor(name, value) for name, value in initializers.items()])
    blocks = (whole.astype("f8") - np.repeat(zero, 4, 0)) * np.repeat(scale, 4, 0)
    expect("blocks.onnx", Q=blocks, V=V[0])
    shutil.copy(out / "blocks.onnx", out / "blocks.bin")
    expect("blocks.bin", Q=blocks, V=V[0])


write_modules()
write_reparametrized()
write_checkpoints()
write_names()
write_scales()
write_adapters()
write_flax()
write_objects()
write_keras()
write_keras_types()
write_onnx()
np.savez_compressed(out / "expected.npz", **{str(i): value for i, value in enumerate(expected.values())})
(out / "expected.json").write_text(json.dumps([key.split("::") for key in expected], indent=0))

"""Writes the npz files of this folder: values and gradients of PyTorch in float64, for fixed random operands.

Usage: pip install torch numpy; python make.py. Stored results: PyTorch 2.15.0.
In each file "case/0", "case/1" ... are the operands, "case/y" the answer, "case/g" a gradient of the answer and "case/g0" ... what it
gives the operands.
"""
import sys

import numpy as np
import torch
import torch.nn.functional as F

torch.manual_seed(5)
torch.set_default_dtype(torch.float64)
files = {}


def case(file, name, f, *operands, extra=None):
    """f(*operands) and its gradients; operands that are not floats get none."""
    out = files.setdefault(file, {})
    xs = [x.clone().requires_grad_(x.is_floating_point()) for x in operands]
    y = f(*xs)
    g = torch.randn_like(y)
    y.backward(g)
    out[name + "/y"], out[name + "/g"] = y.detach(), g
    for i, x in enumerate(xs):
        out[f"{name}/{i}"] = x.detach()
        if x.grad is not None:
            out[f"{name}/g{i}"] = x.grad
    for k, v in (extra or {}).items():
        out[f"{name}/{k}"] = v


def first(x):
    """Channels-last to PyTorch's order."""
    return x.movedim(-1, 1)


def last(x):
    return x.movedim(1, -1)


r = torch.randn


def normalization():
    for name, shape in [("batch2", (6, 3)), ("batch4", (3, 4, 5, 7))]:
        c = shape[-1]
        mean, var = r(c), torch.rand(c) + 0.5
        m, v = mean.clone(), var.clone()
        case("normalization", name, lambda x, g, b: last(F.batch_norm(first(x), m, v, g, b, True, 0.1, 1e-3)), r(shape) + 2, r(c), r(c),
             extra={"mean": mean, "var": var})
        x = files["normalization"][name + "/0"].reshape(-1, c)
        files["normalization"][name + "/new_mean"] = 0.9 * mean + 0.1 * x.mean(0)
        files["normalization"][name + "/new_var"] = 0.9 * var + 0.1 * x.var(0, unbiased=False)
        case("normalization", name + "_inference", lambda x, g, b: last(F.batch_norm(first(x), mean, var, g, b, False, 0.1, 1e-3)), r(shape), r(c), r(c),
             extra={"mean": mean, "var": var})
    case("normalization", "layer", lambda x, g, b: F.layer_norm(x, (37,), g, b, 1e-5), r(4, 5, 37) + 1, r(37), r(37))
    case("normalization", "layer2", lambda x, g, b: F.layer_norm(x, (3, 6), g, b, 1e-3), r(4, 3, 6), r(3, 6), r(3, 6))
    case("normalization", "rms", lambda x, g: F.rms_norm(x, (9,), g, 1e-6), r(4, 9), r(9))
    case("normalization", "group", lambda x, g, b: last(F.group_norm(first(x), 3, g, b, 1e-3)), r(2, 4, 5, 6), r(6), r(6))
    case("normalization", "instance", lambda x: last(F.instance_norm(first(x), eps=1e-3)), r(2, 4, 5, 3))
    case("normalization", "response", lambda x: last(F.local_response_norm(first(x), 4, 0.3, 0.6, 1.5)), r(2, 3, 2, 7))
    case("normalization", "unit", lambda x: F.normalize(x, dim=-1), r(4, 5))


def attention():
    f = F.scaled_dot_product_attention
    case("attention", "plain", f, r(2, 3, 5, 4), r(2, 3, 7, 4), r(2, 3, 7, 6))
    case("attention", "causal", lambda q, k, v: f(q, k, v, is_causal=True), r(2, 3, 5, 4), r(2, 3, 5, 4), r(2, 3, 5, 4))
    case("attention", "long", lambda q, k, v: f(q, k, v, is_causal=True), r(1, 400, 8), r(1, 400, 8), r(1, 400, 8))
    mask = torch.rand(2, 1, 5, 7) < 0.6
    mask[..., 0] = True
    case("attention", "mask", lambda q, k, v, m: f(q, k, v, attn_mask=m, scale=0.3), r(2, 3, 5, 4), r(2, 3, 7, 4), r(2, 3, 7, 6), mask)
    case("attention", "added", lambda q, k, v, m: f(q, k, v, attn_mask=m), r(2, 3, 5, 4), r(2, 3, 7, 4), r(2, 3, 7, 6), r(5, 7))


def recurrent():
    """In Keras's layout and gate order: kernels transposed; a GRU's z and r change places."""
    def run(make, u, x, kernel, recurrent, bias, *states):
        gates = kernel.shape[1] // u
        order = [1, 0, 2] if gates == 3 else range(gates)

        def by_gate(w):
            parts = w.split(u, -1)
            return torch.cat([parts[i] for i in order], -1)
        if gates == 3:
            b_in, b_rec = by_gate(bias[0]), by_gate(bias[1])
        else:
            b_in, b_rec = bias, torch.zeros_like(bias)
        m = make(x.shape[2], u, batch_first=True)
        weights = {"weight_ih_l0": by_gate(kernel).T, "weight_hh_l0": by_gate(recurrent).T, "bias_ih_l0": b_in, "bias_hh_l0": b_rec}
        h = [s.unsqueeze(0) for s in states]
        y, _ = torch.func.functional_call(m, weights, (x, tuple(h) if len(h) == 2 else h[0]))
        return y
    n, t, f, u = 19, 6, 5, 4
    for name, make, gates, states in [("simple", torch.nn.RNN, 1, 1), ("lstm", torch.nn.LSTM, 4, 2), ("gru", torch.nn.GRU, 3, 1)]:
        bias = r(2, 3 * u) if name == "gru" else r(gates * u)
        case("recurrent", name, lambda *a: run(make, u, *a), r(n, t, f), r(f, gates * u) * 0.5, r(u, gates * u) * 0.5, bias, *[r(n, u) for _ in range(states)])


for family in sys.argv[1:] or [k for k, v in list(globals().items()) if callable(v) and getattr(v, "__module__", "") == "__main__" and k not in ("case", "first", "last", "r")]:
    globals()[family]()
for file, arrays in files.items():
    np.savez_compressed(file + ".npz", **{k: np.ascontiguousarray(v.numpy()) for k, v in arrays.items()})
    print(file, len(arrays))

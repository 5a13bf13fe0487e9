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


def torch_kernel(w):
    """[..., channels, filters] as PyTorch's [filters, channels, ...]."""
    return w.movedim((-1, -2), (0, 1))


def convolution():
    g = "convolution"
    for i, (s, p, d, groups) in enumerate([(1, 0, 1, 1), (2, 3, 2, 2), (3, 1, 1, 1)]):
        a = {"stride": s, "padding": p, "dilation": d, "groups": groups}
        case(g, f"conv1_{i}", lambda x, w, b: last(F.conv1d(first(x), torch_kernel(w), b, **a)), r(2, 9, 4), r(3, 4 // groups, 6), r(6))
        case(g, f"conv3_{i}", lambda x, w, b: last(F.conv3d(first(x), torch_kernel(w), b, **a)), r(2, 5, 6, 7, 2), r(3, 2, 3, 2 // groups, 4), r(4))
    for i, (s, p, d, groups, op) in enumerate([(1, 0, 1, 1, 0), (2, 1, 1, 1, 1), (3, 2, 2, 2, 0), (3, 0, 1, 1, 2)]):
        a = {"stride": s, "padding": p, "dilation": d, "groups": groups, "output_padding": op}
        for n, f, shape, size in [(1, F.conv_transpose1d, (5,), (3,)), (2, F.conv_transpose2d, (4, 5), (3, 2)), (3, F.conv_transpose3d, (4, 3, 5), (3, 2, 2))]:
            case(g, f"transpose{n}_{i}", lambda x, w, b: last(f(first(x), torch_kernel(w), b, **a)), r(2, *shape, 4), r(*size, 6 // groups, 4), r(6))
    case(g, "depthwise", lambda x, w: last(F.conv2d(first(x), w.permute(2, 3, 0, 1).reshape(6, 1, 3, 2), padding=1, groups=3)), r(2, 5, 6, 3), r(3, 2, 3, 2))
    case(g, "unfold", lambda x: F.unfold(first(x), (3, 2), dilation=(1, 2), padding=(1, 2), stride=(2, 1)).reshape(2, 3, 6, 3, 8).permute(0, 3, 4, 2, 1).reshape(2, 3, 8, 18),
         r(2, 6, 6, 3))
    case(g, "fold", lambda x: last(F.fold(x.reshape(2, 24, 6, 3).permute(0, 3, 2, 1).reshape(2, 18, 24), (6, 6), (3, 2), dilation=(1, 2), padding=(1, 2), stride=(2, 1))),
         r(2, 3, 8, 18))


def pooling():
    g = "pooling"
    case(g, "max1", lambda x: last(F.max_pool1d(first(x), 3, 2, 1)), r(2, 8, 3))
    case(g, "average1", lambda x: last(F.avg_pool1d(first(x), 3, 2, 1, count_include_pad=False)), r(2, 8, 3))
    case(g, "max3", lambda x: last(F.max_pool3d(first(x), (2, 3, 2), (2, 1, 2), (1, 1, 0))), r(2, 5, 6, 4, 3))
    case(g, "average3", lambda x: last(F.avg_pool3d(first(x), (2, 3, 2), (2, 1, 2), (1, 1, 0), count_include_pad=False)), r(2, 5, 6, 4, 3))
    case(g, "lp", lambda x: last(F.lp_pool2d(first(x), 3, 2)), torch.rand(2, 5, 6, 3) + 0.2)
    case(g, "adaptive_average", lambda x: last(F.adaptive_avg_pool2d(first(x), (3, 4))), r(2, 7, 6, 3))
    case(g, "adaptive_max", lambda x: last(F.adaptive_max_pool3d(first(x), (2, 3, 1))), r(2, 5, 7, 4, 3))
    x = r(2, 6, 7, 3)
    y, at = F.max_pool2d(first(x), 2, return_indices=True)
    case(g, "unpool", lambda v, i: last(F.max_unpool2d(first(v), first(i), 2, output_size=(6, 7))), last(y), last(at), extra={"x": x})
    for mode, ours in [("nearest", "nearest"), ("bilinear", "linear"), ("bicubic", "cubic"), ("area", "area")]:
        for i, size in enumerate([(7, 3), (3, 11)]):
            case(g, f"resize_{ours}_{i}", lambda x: last(F.interpolate(first(x), size, mode=mode)), r(2, 5, 6, 3))
            if mode in ("bilinear", "bicubic"):
                case(g, f"resize_{ours}_corners_{i}", lambda x: last(F.interpolate(first(x), size, mode=mode, align_corners=True)), r(2, 5, 6, 3))
    case(g, "resize1", lambda x: last(F.interpolate(first(x), 9, mode="linear")), r(2, 5, 3))
    case(g, "resize3", lambda x: last(F.interpolate(first(x), (3, 4, 5), mode="trilinear")), r(2, 5, 3, 2, 2))
    for corners in (False, True):
        for padding in ("zeros", "border"):
            case(g, f"sample_{padding}_{int(corners)}", lambda x, p: last(F.grid_sample(first(x), p, padding_mode=padding, align_corners=corners)),
                 r(2, 4, 5, 3), 3 * torch.rand(2, 3, 6, 2) - 1.5)
        case(g, f"affine_{int(corners)}", lambda t: F.affine_grid(t, (2, 3, 4, 5), align_corners=corners), r(2, 2, 3))
    case(g, "sample_nearest", lambda x, p: last(F.grid_sample(first(x), p, mode="nearest", align_corners=False)), r(2, 4, 5, 3), 3 * torch.rand(2, 3, 6, 2) - 1.5)
    case(g, "shuffle", lambda x: last(F.pixel_shuffle(first(x), 3)), r(2, 2, 3, 18))
    case(g, "unshuffle", lambda x: last(F.pixel_unshuffle(first(x), 2)), r(2, 4, 6, 3))


def loss():
    g, n = "loss", "none"
    x, t, p, u = r(5, 4), r(5, 4), torch.rand(5, 4), torch.rand(5, 4)
    sign = torch.sign(r(5))
    labels = torch.tensor([0, 3, -100, 2, 3])
    case(g, "l1", lambda a: F.l1_loss(a, t, reduction=n), x, extra={"t": t, "u": u, "sign": sign, "labels": labels, "weight": u[0], "other": r(5, 4), "third": r(5, 4)})
    other, third = files[g]["l1/other"], files[g]["l1/third"]
    case(g, "huber", lambda a: F.huber_loss(a, t, reduction=n, delta=0.7), x)
    case(g, "smooth", lambda a: F.smooth_l1_loss(a, t, reduction=n, beta=0.7), x)
    case(g, "binary", lambda a: F.binary_cross_entropy(a, u, reduction=n), p)
    for i, (w, s) in enumerate([(None, 0.0), (u[0], 0.0), (u[0], 0.2)]):
        case(g, f"cross_{i}", lambda a: F.cross_entropy(a, labels, weight=w, label_smoothing=s), x)
    case(g, "nll", lambda a: F.nll_loss(a, labels, weight=u[0]), x.log_softmax(-1))
    case(g, "kl", lambda a: F.kl_div(a, u, reduction=n), x.log_softmax(-1))
    case(g, "embedding", lambda a: F.hinge_embedding_loss(a, sign, margin=0.8, reduction=n), x[:, 0])
    case(g, "ranking", lambda a, b: F.margin_ranking_loss(a, b, sign, margin=0.3, reduction=n), x[:, 0], t[:, 0])
    case(g, "triplet", lambda a, b, c: F.triplet_margin_loss(a, b, c, margin=0.9, reduction=n), x, other, third)
    case(g, "cosine", lambda a, b: F.cosine_embedding_loss(a, b, sign, margin=0.1, reduction=n), x, other)
    case(g, "poisson", lambda a: F.poisson_nll_loss(a, u, reduction=n), x)
    case(g, "poisson_plain", lambda a: F.poisson_nll_loss(a, u, log_input=False, reduction=n), p)
    case(g, "gaussian", lambda a, v: F.gaussian_nll_loss(a, t, v, reduction=n), x, p + 0.1)
    bits = (u > 0.5).double()
    case(g, "focal", lambda a: F.binary_cross_entropy_with_logits(a, bits, reduction=n) * (a.sigmoid() * (1 - bits) + (1 - a.sigmoid()) * bits) ** 2 * (0.25 * bits + 0.75 * (1 - bits)), x,
         extra={"bits": bits})
    words = torch.tensor([[1, 2, 2], [3, 1, 0], [2, 0, 0]])
    lengths, sizes = torch.tensor([7, 5, 6]), torch.tensor([3, 2, 0])
    case(g, "ctc", lambda a: F.ctc_loss(a.log_softmax(-1).transpose(0, 1), words, lengths, sizes, reduction=n), r(3, 7, 4),
         extra={"words": words, "lengths": lengths, "sizes": sizes})


def resampling():
    g = "resampling"
    for k, (size, stride, before) in enumerate([((3, 2), (2, 3), (1, 1)), ((2, 4), (3, 3), (0, 2)), ((3, 3), (2, 2), (0, 0))]):
        case(g, f"max_ceil_{k}", lambda x: last(F.max_pool2d(first(x), size, stride, before, ceil_mode=True)), r(2, 6, 8, 3))
        for ceil in (False, True):
            for whole in (False, True):
                case(g, f"average_{int(ceil)}{int(whole)}_{k}", lambda x: last(F.avg_pool2d(first(x), size, stride, before, ceil, whole)), r(2, 6, 8, 3))
    case(g, "average1_ceil", lambda x: last(F.avg_pool1d(first(x), 3, 2, 1, True, True)), r(2, 8, 3))
    case(g, "average3_ceil", lambda x: last(F.avg_pool3d(first(x), (2, 3, 2), (2, 2, 3), (1, 1, 0), True, True)), r(2, 4, 6, 6, 3))
    case(g, "max3_ceil", lambda x: last(F.max_pool3d(first(x), (2, 3, 2), (2, 2, 3), (1, 1, 0), ceil_mode=True)), r(2, 4, 6, 6, 3))
    case(g, "small_ceil", lambda x: last(F.max_pool2d(first(x), 3, 2, ceil_mode=True)), r(2, 2, 4, 3))
    for mode, ours in [("bilinear", "linear"), ("bicubic", "cubic")]:
        for i, size in enumerate([(7, 3), (2, 11), (4, 6)]):
            case(g, f"antialias_{ours}_{i}", lambda x: last(F.interpolate(first(x), size, mode=mode, antialias=True)), r(2, 9, 6, 3))
        case(g, f"antialias_{ours}_by", lambda x: last(F.interpolate(first(x), scale_factor=(0.4, 0.7), mode=mode, antialias=True)), r(2, 9, 6, 3))
    for mode, ours in [("nearest", "nearest"), ("bilinear", "linear"), ("bicubic", "cubic"), ("area", "area")]:
        case(g, f"by_{ours}", lambda x: last(F.interpolate(first(x), scale_factor=(0.7, 1.7), mode=mode)), r(2, 9, 6, 3))
    case(g, "by_corners", lambda x: last(F.interpolate(first(x), scale_factor=(0.7, 1.7), mode="bilinear", align_corners=True)), r(2, 9, 6, 3))
    # Where the size stays, PyTorch takes scales at their word in bicubic alone.
    case(g, "by_same_size", lambda x: last(F.interpolate(first(x), scale_factor=1.2, mode="bicubic")), r(2, 4, 4, 3))


for family in sys.argv[1:] or [k for k, v in list(globals().items()) if callable(v) and getattr(v, "__module__", "") == "__main__" and k not in ("case", "first", "last", "r", "torch_kernel")]:
    globals()[family]()
for file, arrays in files.items():
    np.savez_compressed(file + ".npz", **{k: np.array(v.numpy(), order="C") for k, v in arrays.items()})
    print(file, len(arrays))

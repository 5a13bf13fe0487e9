#!/usr/bin/env python3
"""Stored answers of NumPy (written with 2.4.6): python3 make.py in this folder writes arrays.npz, which array_reference_test.cc compares with."""
import numpy as np

r = np.random.default_rng(7)
x = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
m = (x[0, :, :, 0] * 7 % 3) == 0  # [3, 4]
line = np.arange(6) * 10
rows, columns = np.array([[0], [2]]), np.array([1, 3, 1])
f = r.normal(size=(3, 7))
f[1, 2] = f[1, 5] = np.nan
g = r.normal(size=(4, 3, 6))
ties = r.integers(0, 5, size=(4, 9))
answers = {"x": x, "m": m, "f": f, "g": g, "ties": ties}


def keep(name, value):
    answers[name] = np.array(value, order="C")


# indexing
keep("index ids", x[np.array([1, 0, -1])])
keep("index ids slice", x[np.array([1, 0]), 1:3])
keep("index pair", x[np.array([1, 0]), np.array([2, -1])])
keep("index apart", x[np.array([1, 0]), :, np.array([2, -1])])
keep("index middle", x[:, rows, columns])
keep("index int apart", x[0, :, np.array([2, 3, 0])])
keep("index int beside", x[:, 1, np.array([2, 3, 0])])
keep("index ellipsis apart", x[np.array([1, 0]), ..., np.array([2, -1])])
keep("index empty ellipsis", x[0, np.array([0, 1]), ..., np.array([2, 0]), np.array([1, 1])])
keep("index newaxis apart", x[np.array([1, 0]), np.newaxis, np.array([2, 1])])
keep("index newaxis", x[np.newaxis, :, np.array([2, 1])])
keep("index mask", x[x % 3 == 1])
keep("index mask middle", x[:, m])
keep("index mask slice", x[:, m, 1:3])
keep("index mask ids", x[np.array([1]), m[:, 0]])
keep("index mask apart", x[np.array([True, False]), :, np.array([1, 2])])
keep("index scalar mask", x[np.array(True), 1])
keep("index no mask", x[np.array(False)])
keep("index number", x[np.array(1)])
keep("index reversed", x[::-1, np.array([0, 2]), ::-2])
for name, write in {
    "mask": lambda y: y.__setitem__(y % 3 == 1, -1),
    "twice": lambda y: y.__setitem__(np.array([1, 1, 0]), np.array([5, 6, 7]).reshape(3, 1, 1, 1)),
    "pair": lambda y: y.__setitem__((np.array([1, 0]), slice(None), np.array([2, -1])), np.arange(3).reshape(3, 1)),
    "middle": lambda y: y.__setitem__((slice(None), m, slice(1, 3)), np.arange(2)),
}.items():
    y = x.copy()
    write(y)
    keep("write " + name, y)
y = x.copy()
y[np.array([1, 1, 0])] += 100
keep("write add", y)
y = x.copy()
np.add.at(y, (np.array([1, 1, 0]), slice(None), np.array([0, 0, 3])), 100)
keep("write add_at", y)
y = line.copy()
np.put(y, [1, -1, 3], [7, 8])
keep("put", y)

# order
keep("sort", np.sort(f))
keep("argsort", np.argsort(f, kind="stable"))
keep("sort 0", np.sort(g, 0))
keep("argsort ties", np.argsort(ties, axis=-1, kind="stable"))
keep("lexsort", np.lexsort((ties[0], ties[1])))
for name, a in {"ties": ties, "f": f}.items():
    v, i, inv, c = np.unique(a, return_index=True, return_inverse=True, return_counts=True)
    keep("unique " + name, v), keep("unique index " + name, i), keep("unique inverse " + name, inv), keep("unique counts " + name, c)
two = ties[:, :2] % 2
v, i, inv, c = np.unique(two, axis=0, return_index=True, return_inverse=True, return_counts=True)
keep("unique rows", v), keep("unique rows index", i), keep("unique rows inverse", inv), keep("unique rows counts", c)
keep("unique columns", np.unique(two, axis=1))
keep("median", np.median(g, axis=(0, 2)))
keep("median nan", np.median(f, axis=1))
keep("nanmedian", np.nanmedian(f, axis=1))
shares = [0, 0.1, 0.25, 0.5, 0.77, 1]
for method in ["linear", "lower", "higher", "midpoint", "nearest", "inverted_cdf", "averaged_inverted_cdf", "closest_observation",
               "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased", "normal_unbiased"]:
    keep("quantile " + method, np.quantile(g, shares, axis=-1, method=method))
keep("nanquantile", np.nanquantile(f, 0.3, axis=1, keepdims=True))
keep("percentile", np.percentile(g, 40, axis=(0, 1)))

# search
edges = np.array([-1.0, -0.5, 0.0, 0.25, 2.0])
keep("searchsorted left", np.searchsorted([1, 2, 2, 3], ties))
keep("searchsorted right", np.searchsorted([1, 2, 2, 3], ties, side="right"))
keep("searchsorted nan", np.searchsorted(np.array([0.0, 1.0, np.nan]), f))
keep("digitize", np.digitize(g, edges))
keep("digitize right", np.digitize(ties, [3, 2, 0], right=True))
keep("digitize down", np.digitize(ties, [3, 2, 0]))
keep("isin", np.isin(ties, [1, 4, 9]))
keep("bincount", np.bincount(ties.ravel(), minlength=8))
keep("bincount weights", np.bincount(ties.ravel(), weights=g.ravel()[:36]))
h, e = np.histogram(g, bins=7)
keep("histogram", h), keep("histogram edges", e)
h, e = np.histogram(ties, bins=4, range=(0, 4), density=True)
keep("histogram density", h)
h, e = np.histogram(ties, bins=[0, 1, 1, 3, 4], weights=g.ravel()[:36].reshape(4, 9))
keep("histogram weights", h)

# scans and reductions
keep("diff", np.diff(g, n=2, axis=1, prepend=0.0)), keep("ediff1d", np.ediff1d(ties, to_begin=[9, 8], to_end=7))
keep("trapezoid", np.trapezoid(g, dx=0.5, axis=1)), keep("trapezoid x", np.trapezoid(g, x=np.array([0, 1, 4]), axis=1))
for name in ["sum", "prod", "mean", "var", "max", "min"]:
    keep("nan" + name, getattr(np, "nan" + name)(f, axis=0))
keep("nanargmax", np.nanargmax(f, axis=1))
w = np.abs(g[0]) + 0.1
keep("average", np.average(g[1], weights=w, axis=0)), keep("average line", np.average(g, weights=[1, 2, 3], axis=1))
keep("cov", np.cov(g[0])), keep("cov columns", np.cov(g[0], rowvar=False, ddof=0))
keep("cov weights", np.cov(g[0], fweights=[1, 2, 3, 1, 1, 2], aweights=w[0])), keep("corrcoef", np.corrcoef(g[0]))
for p in [0, 1, 2, 3, np.inf, -np.inf]:
    keep("norm %g" % p, np.linalg.norm(g, ord=p, axis=1))

# shapes
keep("rot90", np.rot90(x, 3, (1, 3))), keep("rot90 1", np.rot90(x)), keep("roll", np.roll(x, 7)), keep("roll axes", np.roll(x, (1, -2), (1, 3)))
keep("moveaxis", np.moveaxis(x, [0, 1], [-1, 0])), keep("rollaxis", np.rollaxis(x, 3, 1)), keep("diagonal", np.diagonal(x, -1, 2, 3))
keep("diag", np.diag(line, -2)), keep("trace", np.trace(x, 1, 1, 3)), keep("tril", np.tril(x, -1)), keep("triu", np.triu(x, 1))
keep("windows", np.lib.stride_tricks.sliding_window_view(x, (2, 3), (1, 3)))
keep("strided", np.lib.stride_tricks.as_strided(line[5:], (3, 2), (-8, -16)))
keep("tile", np.tile(ties, (2, 1, 3))), keep("repeat", np.repeat(x, 2, 2)), keep("repeat each", np.repeat(x, [2, 0, 3], 1))
keep("block", np.block([[ties, np.ones((4, 2), int)], [np.zeros((1, 11), int)]]))
for mode in ["reflect", "symmetric", "edge", "wrap"]:
    keep("pad " + mode, np.pad(x[0], ((2, 1), (0, 9), (6, 0)), mode=mode))
keep("insert", np.insert(x, [1, 3, 1, -1], np.arange(4).reshape(4, 1), axis=2)), keep("insert one", np.insert(ties, 2, [1, 2, 3, 4], axis=1))
keep("delete", np.delete(x, [0, -1], axis=3)), keep("column_stack", np.column_stack((ties[0], ties[1:].T))), keep("dstack", np.dstack((ties, ties + 1)))
keep("indices", np.indices((2, 3))), keep("geomspace", np.geomspace(-1, -1000, 4)), keep("logspace", np.logspace(0, 2, 5, base=3))
keep("triu_indices", np.stack(np.triu_indices(3, 1, 5))), keep("meshgrid", np.stack(np.meshgrid(line[:2], line[:3], line[:4])))

# products
a, b, c = r.normal(size=(2, 3, 4)), r.normal(size=(4, 3, 5)), r.normal(size=(5, 2))
answers.update({"a": a, "b": b, "c": c})
keep("tensordot", np.tensordot(a, b, ([1, 2], [1, 0]))), keep("kron", np.kron(a, c)), keep("cross", np.cross(a[:, :, :3], b[0, :, :3]))
keep("cross 2", np.cross(np.pad(a[..., :2], ((0, 0), (0, 0), (0, 1))), b[0, :, :3])), keep("inner", np.inner(a, b.T[:, :, :])), keep("dot", np.dot(a, np.swapaxes(b, 0, 1)))
for s, o in {"ijk,kjl,li->": (a, b, c), "ijk,kjl,li->i": (a, b, c), "ijk,kjl,lm": (a, b, c), "ijk->kj": (a,), "...i,ij->...j": (b, c),
             "iji->j": (a[:, :, :2],), "ii": (a[0, :, :3],), "i...,i...->...": (a, a), "ij,kl->ikjl": (c, c), "ijk,ijk->ij": (a, a),
             "bij,bjk->bik": (a, np.swapaxes(a, 1, 2)), "ij,ij,ij->j": (c, c, c), "...,...": (a, a[:1, :1]), "ii,i->i": (a[0, :, :3], a[0, :, 0])}.items():
    keep("einsum " + s, np.einsum(s, *o))
np.savez_compressed("arrays.npz", **answers)

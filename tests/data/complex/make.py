#!/usr/bin/env python3
"""Stored answers of NumPy (written with 2.4.6): python3 make.py in this folder writes complex.npz, which complex_test.cc and fft_test.cc
compare with."""
import numpy as np

r = np.random.default_rng(11)
answers = {}


def keep(name, value):
    answers[name] = np.array(value, order="C")


def numbers(*shape):
    return r.normal(size=shape) + 1j * r.normal(size=shape)


# Elementwise, on a grid with the axes and both sides of the branch cuts, and far out.
parts = np.array([-2.5, -1.0, -0.25, -0.0, 0.0, 0.25, 1.0, 2.5])
z = np.empty((8, 8), complex)
z.real, z.imag = parts[:, None], parts[None, :]
keep("z", z)
w = numbers(8, 8)
keep("w", w)
with np.errstate(all="ignore"):
    for name in ["sqrt", "exp", "log", "log2", "log10", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh",
                 "square", "reciprocal", "negative", "conj", "abs", "angle", "sign", "isnan", "isinf", "isfinite", "isreal", "iscomplex"]:
        keep(name, getattr(np, name)(z))
    keep("rsqrt", 1 / np.sqrt(z))
    for name in ["add", "subtract", "multiply", "divide", "power", "equal", "not_equal"]:
        keep(name, getattr(np, name)(z, w))
huge = np.array([1e200 + 1e200j, 1e-200 + 1e-200j, 3e307 - 1e300j, 1e300j])
keep("huge", huge)
keep("huge divide", huge / huge[::-1])
keep("huge abs", np.abs(huge))

# Reductions, products, printing.
a, b = numbers(3, 4, 5), numbers(3, 5, 2)
keep("a", a)
keep("b", b)
keep("sum", a.sum((0, 2)))
keep("sum all", a.sum())
keep("mean", a.mean(1))
keep("var", a.var(2))
keep("std", a.std(0, ddof=1))
keep("matmul", a @ b)
keep("matmul real", a @ b.real)
keep("real matmul", a.real @ b)
keep("vdot", np.vdot(a, a[::-1]))
keep("einsum", np.einsum("bij,bjk->ik", a, b))
keep("outer", np.outer(a[0, 0], b[0, :, 0]))

# Fourier transforms of lengths with small and with large prime factors, cut and filled, in every normalization.
x = r.normal(size=(2, 3, 6))
c = numbers(2, 3, 6)
keep("x", x)
keep("c", c)
for norm in ["backward", "ortho", "forward"]:
    for n in [None, 4, 9, 67]:
        for axis in [-1, 1]:
            key = f" {norm} {n or 0} {axis}"
            for name, v in [("fft", c), ("ifft", c), ("rfft", x), ("irfft", c), ("hfft", c), ("ihfft", x)]:
                keep(name + key, getattr(np.fft, name)(v, n, axis, norm))
for n in [1, 2, 3, 4, 6, 7, 8, 10, 15, 60, 67, 101, 128, 134, 211]:
    keep(f"signal {n}", numbers(n))
    keep(f"fft of {n}", np.fft.fft(answers[f"signal {n}"]))
    keep(f"ifft of {n}", np.fft.ifft(answers[f"signal {n}"]))
    keep(f"rfft of {n}", np.fft.rfft(answers[f"signal {n}"].real))
    keep(f"irfft of {n}", np.fft.irfft(answers[f"signal {n}"][: n // 2 + 1], n))
for norm in ["backward", "ortho", "forward"]:
    keep("fftn " + norm, np.fft.fftn(c, norm=norm))
    keep("ifftn " + norm, np.fft.ifftn(c, axes=(0, 2), norm=norm))
    keep("rfftn " + norm, np.fft.rfftn(x, s=(4, 10), axes=(1, 2), norm=norm))
    keep("irfftn " + norm, np.fft.irfftn(c, s=(5, 8), axes=(1, 2), norm=norm))
keep("fft2", np.fft.fft2(c))
keep("ifft2", np.fft.ifft2(c))
keep("rfft2", np.fft.rfft2(x))
keep("irfft2", np.fft.irfft2(c))
for n in [1, 8, 9]:
    keep(f"fftfreq {n}", np.fft.fftfreq(n, 0.5))
    keep(f"rfftfreq {n}", np.fft.rfftfreq(n, 0.5))
keep("fftshift", np.fft.fftshift(x))
keep("ifftshift", np.fft.ifftshift(x, axes=(1,)))

# Eigenvalues and linear systems.
m, q = r.normal(size=(2, 5, 5)), numbers(2, 4, 4)
keep("m", m)
keep("q", q)
for name, v in [("m", m), ("q", q)]:
    keep("eigvals " + name, np.linalg.eigvals(v))
keep("right", numbers(2, 4, 3))
keep("solve", np.linalg.solve(q, answers["right"]))
keep("inv", np.linalg.inv(q))

np.savez("complex.npz", **answers)

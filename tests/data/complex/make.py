#!/usr/bin/env python3
"""Stored answers of NumPy (written with 2.4.6), mpmath (1.3.0) and PyTorch (2.15.0): python3 make.py in this folder writes complex.npz, which
complex_test.cc, complex_linalg_test.cc, linalg_eig_test.cc and fft_test.cc compare with."""
import mpmath
import numpy as np
import torch

r = np.random.default_rng(11)
answers = {}


def keep(name, value):
    answers[name] = np.array(value.numpy() if torch.is_tensor(value) else value, order="C")


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

# log1p and expm1 where 1 + z and exp(z) have lost the digits of z.
with np.errstate(all="ignore"):
    for name in ["expm1", "log1p", "exp2"]:
        keep(name, getattr(np, name)(z))
small = np.concatenate([numbers(8) * 10.0**-k for k in range(0, 20, 2)])
small = np.concatenate([small, 0.3 * numbers(20), small.real, 1j * small.imag, -0.02 + 0.2j * r.normal(size=8)])
keep("small", small)
mpmath.mp.dps = 60
keep("small expm1", [complex(mpmath.expm1(mpmath.mpc(v))) for v in small])
keep("small log1p", [complex(mpmath.log(1 + mpmath.mpc(v))) for v in small])
keep("small exp2", [complex(mpmath.power(2, mpmath.mpc(v))) for v in small])

# Products and linear algebra: PyTorch's values and gradients, dL/dre + i dL/dim of L = sum(real(conj(w) y)) over the outputs y. What decides
# on the phase of a vector takes part in products without one. NumPy's values, where it has the function, agree.
torch.set_default_dtype(torch.float64)


def case(name, f, *points, numpy=None):
    leaves = [torch.tensor(p, requires_grad=True) for p in points]
    outputs = f(*leaves)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    loss = 0
    for i, y in enumerate(outputs):
        keep(f"{name}/y{i}", y.detach().resolve_conj())
        w = numbers(*y.shape) if y.is_complex() else r.normal(size=tuple(y.shape))
        keep(f"{name}/w{i}", w)
        loss = loss + (torch.tensor(w).conj() * y).real.sum()
    if numpy:
        expected = numpy(*points)
        for y, e in zip(outputs, expected if isinstance(expected, tuple) else (expected,)):
            assert np.allclose(y.detach().numpy(), e, 1e-11, 1e-12), name
    for i, (p, g) in enumerate(zip(points, torch.autograd.grad(loss, leaves))):
        keep(f"{name}/x{i}", p)
        keep(f"{name}/g{i}", g.resolve_conj())


la, eye = torch.linalg, torch.eye
square, tall, wide, low = numbers(2, 4, 4), numbers(2, 5, 3), numbers(2, 3, 5), np.tril(numbers(2, 4, 4)) + 3 * np.eye(4)
right, zeros = numbers(2, 4, 3), numbers(3, 4)
zeros[0, 1] = zeros[1, 0] = zeros[1, 3] = 0
singular = numbers(3, 2) @ numbers(2, 3)


def positive(x):
    return x @ x.mH + eye(4)


def hermitian(x):
    return x + x.mH


def pairs(x):
    u, s, vh = la.svd(x, full_matrices=False)
    return s, torch.einsum("bik,bkj->bkij", u, vh)


def projections(x):
    w, v = la.eigh(hermitian(x))
    return w, torch.einsum("bik,bjk->bkij", v, v.conj())


def least_squares(a, b):
    x = la.pinv(a) @ b
    return x, (a @ x - b).abs().square().sum(-2)


def lu(x):
    return la.lu(x + 6 * eye(*x.shape[-2:]))[1:]  # no doubt about pivots: LAPACK compares |re| + |im|


for name in ["expm1", "log1p", "exp2"]:
    case(name, getattr(torch, name), 0.5 * numbers(3, 4), numpy=getattr(np, name))
case("prod", lambda x: torch.prod(x, -1), numbers(3, 4), numpy=lambda x: x.prod(-1))
case("prod with zeros", lambda x: torch.prod(x, -1), zeros, numpy=lambda x: x.prod(-1))
case("prod of all", torch.prod, numbers(3, 4), numpy=np.prod)
case("cumprod", lambda x: torch.cumprod(x, -1), numbers(3, 4), numpy=lambda x: np.cumprod(x, -1))
case("cumprod with zeros", lambda x: torch.cumprod(x, -1), zeros, numpy=lambda x: np.cumprod(x, -1))
case("cumsum", lambda x: torch.cumsum(x, 0), numbers(3, 4), numpy=lambda x: np.cumsum(x, 0))
case("trapezoid", lambda x: torch.trapezoid(x, dx=0.5), numbers(3, 4), numpy=lambda x: np.trapezoid(x, dx=0.5))
case("det", la.det, square, numpy=np.linalg.det)
case("det of a singular matrix", la.det, singular)
case("slogdet", lambda x: tuple(la.slogdet(x)), square, numpy=lambda x: tuple(np.linalg.slogdet(x)))
case("cholesky", lambda x: la.cholesky(positive(x)), square, numpy=lambda x: np.linalg.cholesky(x @ x.conj().mT + np.eye(4)))
case("cholesky upper", lambda x: la.cholesky(positive(x), upper=True), square)
case("cholesky_solve", lambda x, b: torch.cholesky_solve(b, la.cholesky(positive(x))), square, right)
for shape, x in [("square", square), ("tall", tall), ("wide", wide)]:
    case("qr " + shape, lambda x: tuple(la.qr(x)), x, numpy=lambda x: tuple(np.linalg.qr(x)))
    case("svd " + shape, pairs, x, numpy=lambda x: np.linalg.svd(x)[1])
    case("svdvals " + shape, la.svdvals, x)
    case("pinv " + shape, la.pinv, x, numpy=np.linalg.pinv)
    for order in ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]:
        case(f"norm {order} {shape}", lambda x: la.matrix_norm(x, order), x, numpy=lambda x: np.linalg.norm(x, order, (-2, -1)))
    case("cond " + shape, la.cond, x, numpy=np.linalg.cond)
    keep("complete q " + shape, np.linalg.qr(x, "complete")[0])
    keep("complete r " + shape, np.linalg.qr(x, "complete")[1])
    keep("raw h " + shape, np.linalg.qr(x[0], "raw")[0])
    keep("raw tau " + shape, np.linalg.qr(x[0], "raw")[1])
case("pinv of low rank", lambda a, b: la.pinv(a @ b, rtol=1e-4), numbers(2, 5, 2), numbers(2, 2, 4))
case("eigh", projections, square, numpy=lambda x: np.linalg.eigh(x + x.conj().mT)[0])
case("eigvalsh", lambda x: la.eigvalsh(hermitian(x)), square)
case("solve", la.solve, square, right, numpy=np.linalg.solve)
case("solve of a real matrix", lambda a, b: la.solve(a.to(b.dtype), b), r.normal(size=(2, 4, 4)), right, numpy=np.linalg.solve)
case("inv", la.inv, square, numpy=np.linalg.inv)
case("solve_triangular", lambda a, b: la.solve_triangular(a, b, upper=False), low, right)
case("solve_triangular with ones", lambda a, b: la.solve_triangular(a, b, upper=True, unitriangular=True), low.mT, right)
for shape, x in [("square", square), ("tall", tall), ("wide", wide)]:
    case("lu " + shape, lu, x)
case("lu_solve", lambda a, b: la.lu_solve(*la.lu_factor(a), b), square, right)
case("lu_solve transposed", lambda a, b: la.solve(a.mT, b), square, right)
case("householder_product", la.householder_product, numbers(2, 5, 3), 0.3 * numbers(2, 3))
case("lstsq", least_squares, tall, numbers(2, 5, 2), numpy=lambda a, b: np.stack([np.linalg.lstsq(p, q)[0] for p, q in zip(a, b)]))
case("matrix_exp", la.matrix_exp, square)
case("matrix_power", lambda x: la.matrix_power(x, 3), square, numpy=lambda x: np.linalg.matrix_power(x, 3))
case("inverse matrix_power", lambda x: la.matrix_power(x, -2), square, numpy=lambda x: np.linalg.matrix_power(x, -2))
case("cond 1", lambda x: la.matrix_norm(x, 1) * la.matrix_norm(la.inv(x), 1), square, numpy=lambda x: np.linalg.cond(x, 1))
keep("singular", singular)

np.savez("complex.npz", **answers)

"""Writes special.npz: values of special functions, by mpmath with 120 digits, rounded to float64.

Usage: pip install numpy mpmath scipy; python make.py. Stored results: mpmath 1.4.1, SciPy 1.17.1 (for the conventions at poles and edges,
but for Bessel functions at infinity, where theirs are NaN and these the limits).
"name/0", "name/1" are the arguments, "name/y" the values.
"""
import os

import mpmath as mp
import numpy as np
import scipy.special as sc

mp.mp.dps = 120
out = {}
inf, nan = np.inf, np.nan


def case(name, f, *arguments, edges=None, edge=None):
    """f at the arguments (mpmath), then at the edges as `edge` (scipy) has them."""
    arguments = [np.array(a, dtype=np.float64) for a in arguments]
    y = np.array([float(mp.re(f(*[mp.mpf(float(v)) for v in row]))) for row in zip(*arguments)])
    if edges is not None:
        edges = [np.array(e, dtype=np.float64) for e in edges]
        with np.errstate(all="ignore"):
            y = np.concatenate([y, edge(*edges)])
        arguments = [np.concatenate([a, e]) for a, e in zip(arguments, edges)]
    for i, a in enumerate(arguments):
        out[f"{name}/{i}"] = a
    out[f"{name}/y"] = y


rng = np.random.default_rng(7)


def spread(low, high, n=40):
    """Numbers of both signs or one, as many small as large."""
    return np.concatenate([rng.uniform(low, high, n), np.sign(high) * np.exp(rng.uniform(np.log(1e-6), np.log(abs(high)), n))])


gamma_x = np.concatenate([spread(-6, 30), [1e-300, 0.5, 3.25, 170.5, 1e5, 1e15]])
case("gammaln", lambda x: mp.log(abs(mp.gamma(x))) if x < 1e4 else mp.loggamma(x), gamma_x, edges=[[0., -1, -7, inf, -inf, nan]], edge=sc.gammaln)
case("digamma", mp.digamma, np.concatenate([spread(-6, 30), [1e5, 1e15]]), edges=[[0., -1, -7, inf, nan]], edge=sc.digamma)
for n in (1, 2, 5):
    case(f"polygamma{n}", lambda x: mp.polygamma(n, x), np.concatenate([rng.uniform(0.05, 30, 40), rng.uniform(-4, -0.1, 10), [1e5]]),
         edges=[[inf, nan]], edge=lambda x: np.where(np.isnan(x), nan, 0.))
case("zeta", lambda x, q: mp.zeta(x, q), np.concatenate([rng.uniform(1.01, 12, 60), [50, 200, 1.0001, 30]]),
     np.concatenate([rng.uniform(0.05, 40, 60), [3, 0.5, 2, 1000]]), edges=[[1., 2, nan, 3], [2, inf, 1, nan]], edge=sc.zeta)
case("betaln", lambda a, b: mp.log(mp.beta(a, b)), np.concatenate([rng.uniform(0.01, 50, 40), [1e-3, 500, 0.5]]),
     np.concatenate([rng.uniform(0.01, 50, 40), [300, 700, 900]]))
a, x = np.concatenate([rng.uniform(0.05, 60, 80), [200, 1e-3]]), np.concatenate([rng.uniform(0, 80, 80), [180, 2]])
edges = [[1., 0, 2, inf, -1, nan, 3], [0, 2, inf, 1, 1, 1, -1]]
case("gammainc", lambda a, x: mp.gammainc(a, 0, x, regularized=True), a, x, edges=edges, edge=sc.gammainc)
case("gammaincc", lambda a, x: mp.gammainc(a, x, mp.inf, regularized=True), a, x, edges=edges, edge=sc.gammaincc)
for d in (1, 2, 5):
    case(f"multigammaln{d}", lambda a: d * (d - 1) / mp.mpf(4) * mp.log(mp.pi) + sum(mp.loggamma(a - mp.mpf(k) / 2) for k in range(d)),
         rng.uniform(2.1, 40, 30))

case("erfcx", lambda x: mp.exp(x * x) * mp.erfc(x), np.concatenate([spread(-5, 60), [1e3, 1e10, -26, 49.99, 50.01]]),
     edges=[[inf, -inf, nan, -30]], edge=sc.erfcx)
case("erfinv", mp.erfinv, np.concatenate([rng.uniform(-1, 1, 60), [1e-10, 0.999999999, -0.99999999999, 0]]), edges=[[1., -1, 1.5, nan]], edge=sc.erfinv)
# mpmath has no inverse of erfc: the root of erfc near scipy's.
case("erfcinv", lambda p: mp.findroot(lambda t: mp.log(mp.erfc(t)) - mp.log(p), float(sc.erfcinv(float(p)))),
     np.concatenate([rng.uniform(0.01, 1.99, 40), [1e-10, 1e-100, 1e-300]]), edges=[[0., 2, -1, nan]], edge=sc.erfcinv)
case("ndtr", mp.ncdf, np.concatenate([rng.uniform(-6, 6, 40), [-30, -37, 12, 0]]), edges=[[inf, -inf, nan]], edge=sc.ndtr)
case("log_ndtr", lambda x: mp.log(mp.ncdf(x)), np.concatenate([rng.uniform(-40, 8, 60), [-1, -0.99, -1.01, -1000, -1e8, 0, 20]]),
     edges=[[inf, -inf, nan]], edge=sc.log_ndtr)
case("ndtri", lambda p: mp.findroot(lambda t: mp.log(mp.ncdf(t)) - mp.log(p), float(sc.ndtri(float(p)))),
     np.concatenate([rng.uniform(0.001, 0.999, 40), [1e-10, 1e-100, 0.5]]), edges=[[0., 1, -1, 2, nan]], edge=sc.ndtri)

for name, f in (("i0", lambda x: mp.besseli(0, x)), ("i1", lambda x: mp.besseli(1, x))):
    case(name, f, np.concatenate([spread(-20, 40), [0, 300, 700]]), edges=[[inf, -inf, nan, 1000]],
         edge=lambda x: np.array([inf, inf if name == "i0" else -inf, nan, inf]))
    case(name + "e", lambda x: mp.exp(-abs(x)) * f(x), np.concatenate([spread(-20, 40), [0, 300, 599, 601, 1e5, -1e10]]),
         edges=[[inf, nan]], edge=lambda x: np.array([0, nan]))
for n in (0, 1):
    case(f"j{n}", lambda x: mp.besselj(n, x), np.concatenate([spread(-20, 40), [0, 300, 1e5, 1e12]]), edges=[[inf, nan]], edge=lambda x: np.array([0, nan]))
for n in (0, 1, 3, 8):
    case(f"spherical_jn{n}", lambda x: mp.sqrt(mp.pi / (2 * x)) * mp.besselj(n + mp.mpf(1) / 2, x), rng.uniform(0.1, 30, 40),
         edges=[[0., inf, nan]], edge=lambda x: sc.spherical_jn(n, x))
for n in (0, 1, 2, 7, 30):
    x = rng.uniform(-1, 1, 30)
    case(f"eval_legendre{n}", lambda x: mp.legendre(n, x), x)
    case(f"eval_chebyt{n}", lambda x: mp.chebyt(n, x), x)
    case(f"eval_chebyu{n}", lambda x: mp.chebyu(n, x), x)
    case(f"eval_hermite{n}", lambda x: mp.hermite(n, x), 3 * x)
    case(f"eval_gegenbauer{n}", lambda x: mp.gegenbauer(n, mp.mpf("2.5"), x), x)

np.savez_compressed(os.path.join(os.path.dirname(os.path.abspath(__file__)), "special.npz"), **out)

"""Writes linalg.npz: answers of NumPy and SciPy in float64 for fixed random matrices.

Usage: pip install numpy scipy; python make.py. Stored results: NumPy 2.4.6, SciPy 1.17.1.
"case/a" and "case/b" are the operands, "case/<what>" the answers.
"""
import numpy as np
import scipy.linalg

r = np.random.default_rng(3)
out = {}


def put(case, **values):
    for k, v in values.items():
        out[f"{case}/{k}"] = np.asarray(v)


for case, shape in [("square", (3, 2, 5, 5)), ("tall", (2, 7, 4)), ("wide", (2, 3, 6)), ("large", (40, 40))]:
    a = r.standard_normal(shape)
    u, s, vh = np.linalg.svd(a)
    q, rr = np.linalg.qr(a)
    p, l, up = zip(*[scipy.linalg.lu(m) for m in a.reshape((-1,) + shape[-2:])])
    shaped = lambda x: np.reshape(x, shape[:-2] + x[0].shape)
    put(case, a=a, s=s, q=q, r=rr, p=shaped(p), l=shaped(l), u=shaped(up), pinv=np.linalg.pinv(a), rank=np.linalg.matrix_rank(a),
        cond=np.linalg.cond(a), cond_2=np.linalg.cond(a, -2))
    h, tau = np.linalg.qr(a, "raw")
    put(case, h=h, tau=tau)
    put(case, q_complete=np.linalg.qr(a, "complete")[0], r_complete=np.linalg.qr(a, "complete")[1])
    for o in ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]:
        put(case, **{f"matrix_{o}": np.linalg.norm(a, o, (-2, -1))})
    for o in [0, 0.5, 1, 2, 3, -1, -2.5, np.inf, -np.inf]:
        put(case, **{f"vector_{o}": np.linalg.norm(a, o, -1)})
    put(case, norm=np.linalg.norm(a))
    b = r.standard_normal(shape[:-1] + (3,))
    put(case, b=b)
    if shape[-1] == shape[-2]:
        spd = a @ a.swapaxes(-1, -2) + np.eye(shape[-1])
        sign, logdet = np.linalg.slogdet(a)
        w, v = np.linalg.eigh(spd)
        put(case, spd=spd, cholesky=np.linalg.cholesky(spd), inv=np.linalg.inv(a), det=np.linalg.det(a), sign=sign, logdet=logdet, w=w,
            solve=np.linalg.solve(a, b), power=np.linalg.matrix_power(a, 5), inverse_power=np.linalg.matrix_power(a, -3),
            cond_1=np.linalg.cond(a, 1), cond_fro=np.linalg.cond(a, "fro"))
        put(case, exp=scipy.linalg.expm(a), triangular=scipy.linalg.solve_triangular(np.tril(a) + 3 * np.eye(shape[-1]), b, lower=True))

a = r.standard_normal((8, 3)) @ r.standard_normal((3, 5))
b = r.standard_normal((8, 2))
x, residuals, rank, s = np.linalg.lstsq(a, b)
put("deficient", a=a, b=b, x=x, residuals=residuals, rank=rank, s=s, pinv=np.linalg.pinv(a, rtol=None))
a = r.standard_normal((8, 5))
b = r.standard_normal(8)
x, residuals, rank, s = np.linalg.lstsq(a, b)
put("full", a=a, b=b, x=x, residuals=residuals, rank=rank, s=s)
np.savez("linalg.npz", **out)

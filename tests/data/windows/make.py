"""Writes windows.npz: NumPy's windows of a few lengths, and SciPy's periodic ones ("name/length/periodic").

Usage: pip install numpy scipy; python make.py. Stored results: NumPy 2.4.6, SciPy 1.17.1.
"""
import numpy as np
from scipy.signal import windows

out = {}
for n in [0, 1, 2, 3, 8, 51]:
    out[f"hann/{n}"], out[f"hamming/{n}"] = np.hanning(n), np.hamming(n)
    out[f"blackman/{n}"], out[f"bartlett/{n}"] = np.blackman(n), np.bartlett(n)
    for beta in [0, 3, 14, 100, 900]:
        with np.errstate(all="ignore"):
            out[f"kaiser_{beta}/{n}"] = np.kaiser(n, beta) if beta < 700 else windows.kaiser(n, beta)
    for name in ["hann", "hamming", "blackman", "bartlett"]:
        out[f"{name}/{n}/periodic"] = getattr(windows, name)(n, sym=False)
    out[f"kaiser_3/{n}/periodic"] = windows.kaiser(n, 3, sym=False)
np.savez("windows.npz", **{k: v for k, v in out.items() if np.isfinite(v).all()})

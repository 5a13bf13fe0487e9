"""Writes the samples of this folder with NumPy 2.4, safetensors 0.8, ml_dtypes 0.6 and zlib. The tests read them; Python is not needed then."""
import struct
import zlib

import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

# Every array holds 0, 1, 2 ... minus 5 where the dtype has a sign; bool is true where that is even.
signed = np.arange(24).reshape(2, 3, 4) - 5
unsigned = np.arange(24).reshape(2, 3, 4)
arrays = {"bool": unsigned % 2 == 0}
for t in ["uint8", "uint16", "uint32", "uint64"]:
    arrays[t] = unsigned.astype(t)
for t in ["int8", "int16", "int32", "int64", "float16", "float32", "float64"]:
    arrays[t] = signed.astype(t)

np.savez("stored.npz", **arrays)
np.savez_compressed("deflated.npz", **arrays)
np.save("float32.npy", arrays["float32"])
np.save("vector_int64.npy", np.arange(3))
np.save("scalar_float64.npy", np.float64(2.5))
np.save("empty_uint8.npy", np.zeros((0, 3), np.uint8))
np.save("fortran_float64.npy", np.asfortranarray(arrays["float64"]))
np.save("big_endian_float32.npy", arrays["float32"].astype(">f4"))
np.save("big_endian_fortran_int16.npy", np.asfortranarray(arrays["int16"].astype(">i2")))
np.save("huge_uint64.npy", np.array([1, 2**63], np.uint64))
np.save("complex64.npy", np.array([1 + 2j, -0.5j, 3], np.complex64))
np.save("complex128_big_endian.npy", np.array([[1.5 - 2j], [1e300j]], ">c16"))
np.save("refused_object.npy", np.array([None, {}], dtype=object), allow_pickle=True)
np.save("refused_text.npy", np.array(["a", "bc"]))
np.save("refused_record.npy", np.zeros(3, [("a", "<f4"), ("b", "<i4")]))
np.save("refused_bfloat16.npy", np.zeros(3, ml_dtypes.bfloat16))

arrays["bfloat16"] = signed.astype(ml_dtypes.bfloat16)
arrays["scalar"] = np.array(2.5, np.float32)
arrays["empty"] = np.zeros((0, 3), np.float32)
save_file(arrays, "all.safetensors", metadata={"made by": "safetensors", "é": "\"quoted\"\n"})
save_file({"f8": np.zeros(3, ml_dtypes.float8_e4m3fn)}, "refused_float8.safetensors")


def png(name, width, height, depth, colour, passes, extra=b""):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    raw = b"".join(b"\0" + row for rows in passes for row in rows)
    with open(name, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, len(passes) > 1)) + extra
                + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def tagged(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# 10 x 2 pixels of one bit: white where x + y is even.
png("grey_1bit.png", 10, 2, 1, 0, [[bytes([0b10101010, 0b10000000]), bytes([0b01010101, 0b01000000])]])
# 3 x 1: red, half transparent green, blue by palette.
png("palette_alpha.png", 3, 1, 8, 3, [[bytes([0, 1, 2])]],
    tagged(b"PLTE", bytes([255, 0, 0, 0, 255, 0, 0, 0, 255])) + tagged(b"tRNS", bytes([255, 128])))
# 2 x 2 RGB of 16 bits with a gamma that must not be applied: channel c of pixel p is 0x1111 * (3 p + c).
png("rgb_16bit.png", 2, 2, 16, 2, [[struct.pack(">6H", *[0x1111 * (6 * y + i) for i in range(6)]) for y in range(2)]],
    tagged(b"gAMA", struct.pack(">I", 100000)))
# 8 x 8 grey, interlaced by Adam7: pixel (x, y) is 8 y + x.
adam7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
png("grey_interlaced.png", 8, 8, 8, 0, [[bytes(8 * y + x for x in range(x0, 8, dx)) for y in range(y0, 8, dy)] for x0, y0, dx, dy in adam7])

"""What h5py reads from the HDF5 samples: every dataset of numbers and every fixed text.  python make_hdf5.py FOLDER_OF_SAMPLES
Writes hdf5_values.npz beside this script; keys are "file:path", texts are kept as their UTF-8 bytes."""
import pathlib
import sys

import h5py
import numpy as np

values = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.hdf5")):
    def visit(name, item):
        if not isinstance(item, h5py.Dataset):
            return
        key = f"{path.name}:{name}"
        try:
            if h5py.check_string_dtype(item.dtype) and item.shape is not None:
                texts = np.asarray(item.asstr()[()], dtype=object).reshape(-1)
                values[key] = np.frombuffer("\n".join(texts).encode(), dtype=np.uint8)
            elif item.dtype.kind in "iufb" and item.shape is not None and item.dtype.itemsize <= 8:
                values[key] = item[()].astype(item.dtype.newbyteorder("="))
        except OSError as e:  # HDF5 1.14 refuses the global heap of var-length-strings-reused.hdf5, older ones read it
            print(key, e)
    with h5py.File(path) as file:
        file.visititems(visit)
np.savez_compressed(pathlib.Path(__file__).parent / "hdf5_values.npz", **values)
print(len(values), "datasets")

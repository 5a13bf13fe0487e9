"""Opens files that the tests' "files for Python" case wrote, by hand:
REEL_KERAS_OUT=/tmp/out reel_tests -ns -tc='*Python*'; then
KERAS_BACKEND=jax python check.py /tmp/out. Checks predictions and, after one more step, predictions and the optimizer's
state."""
import pathlib
import sys

import keras
import numpy as np

folder = pathlib.Path(sys.argv[1])
for path in sorted(folder.glob("*.keras")):
    model = keras.models.load_model(path)
    values = np.load(path.with_suffix(".npz"))
    xs = [values[k] for k in sorted(values) if k.startswith("x")]
    x = xs if len(xs) > 1 else xs[0]
    y = np.asarray(model.predict(x, verbose=0))
    worst = np.abs(y - values["y"]).max()
    line = f"{path.name}: predictions differ by {worst:.1e}"
    assert worst < 1e-5, line
    if "labels" in values:
        state = [np.asarray(v) for v in model.optimizer.variables]
        assert int(state[0]) == int(values["iterations"]), (state[0], values["iterations"])
        loss = model.train_on_batch(x, values["labels"], return_dict=True)["loss"]
        assert abs(loss - values["loss"]) < 1e-5 * (1 + abs(loss)), (loss, values["loss"])
        y = np.asarray(model.predict(x, verbose=0))
        worst = np.abs(y - values["next"]).max()
        assert worst < 1e-5, worst
        slots = [np.asarray(v) for v in model.optimizer.variables][2:]
        assert len(slots) == sum(k.startswith("slot") for k in values), (len(slots), list(values))
        worst_slot = max([np.abs(s - values[f"slot{i}"]).max() for i, s in enumerate(slots)] or [0])
        assert worst_slot < 1e-5, worst_slot
        line += f"; after one more step by {worst:.1e}, {len(slots)} arrays of optimizer state by {worst_slot:.1e}"
    print(line)

    # The weights alone, into a model whose weights are others.
    again = keras.models.clone_model(model)
    again.load_weights(path.with_suffix(".weights.h5"))
    assert np.abs(np.asarray(again.predict(x, verbose=0)) - values["y"]).max() < 1e-5

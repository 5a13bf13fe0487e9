"""Files of Keras 3 for the tests.  KERAS_BACKEND=jax python make.py   (pip install keras jax h5py)
For each model NAME.keras (and NAME.weights.h5 for one): three training steps were taken where it is compiled. NAME.npz holds x, y (what
Keras predicts), and where it is compiled labels, next (what it predicts after one more step on x and labels) and loss (of that step)."""
import pathlib

import keras
import numpy as np

here = pathlib.Path(__file__).parent
layers = keras.layers
keras.utils.set_random_seed(7)
rng = np.random.default_rng(7)


def keep(name, model, xs, labels=None):
    xs = xs if isinstance(xs, list) else [xs]
    given = xs if len(xs) > 1 else xs[0]
    values = {f"x{i}": x for i, x in enumerate(xs)}
    if labels is not None:
        for _ in range(3):
            model.train_on_batch(given, labels)
    model.save(here / f"{name}.keras")
    values["y"] = np.asarray(model.predict(given, verbose=0))
    if labels is not None:
        if name == "cnn":
            model.save_weights(here / "cnn.weights.h5")
        values["labels"] = labels
        values["loss"] = np.float32(model.train_on_batch(given, labels, return_dict=True)["loss"])
        values["next"] = np.asarray(model.predict(given, verbose=0))
    np.savez(here / f"{name}.npz", **values)


cnn = keras.Sequential([
    keras.Input((12, 12, 1)),
    layers.Conv2D(3, 3, strides=(2, 1), padding="same", activation="relu"),
    layers.MaxPooling2D(2),
    layers.Conv2D(4, (2, 3), dilation_rate=1, use_bias=False),
    layers.AveragePooling2D((2, 1), strides=1, padding="same"),
    layers.Activation("gelu"),
    layers.Flatten(),
    layers.Dropout(0.0),
    layers.Dense(5, kernel_initializer=keras.initializers.RandomNormal(stddev=0.3), bias_initializer=keras.initializers.Constant(0.1)),
])
cnn.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
keep("cnn", cnn, rng.normal(size=(6, 12, 12, 1)).astype("float32"), rng.integers(0, 5, 6).astype("int32"))

a, b = keras.Input((4,), name="left"), keras.Input((3,), name="right")
shared = layers.Dense(6, activation="tanh", name="shared")
wide = layers.Dense(4, name="widened")(b)
joined = layers.Concatenate()([shared(a), shared(wide), b])
block = keras.Sequential([layers.Dense(7, activation="elu"), layers.Dense(6)], name="block")
out = layers.Dense(2, activation="softmax")(layers.Concatenate(axis=-1)([block(joined), shared(a)]))
functional = keras.Model([a, b], out, name="two_towers")
functional.compile(keras.optimizers.RMSprop(0.01, momentum=0.9), "categorical_crossentropy", metrics=["accuracy"])
one_hot = np.eye(2, dtype="float32")[rng.integers(0, 2, 5)]
keep("functional", functional, [rng.normal(size=(5, 4)).astype("float32"), rng.normal(size=(5, 3)).astype("float32")], one_hot)

words = keras.Sequential([keras.Input((6,), dtype="int32"), layers.Embedding(11, 4), layers.Flatten(), layers.Dense(1, activation="sigmoid")])
words.layers[0].trainable = False
words.compile(keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True), "binary_crossentropy")
keep("words", words, rng.integers(0, 11, (4, 6)).astype("int32"), rng.integers(0, 2, (4, 1)).astype("float32"))

many = keras.Sequential([keras.Input((3,))] + [layers.Dense(3, activation="tanh") for _ in range(12)], name="many")
keep("many", many, rng.normal(size=(2, 3)).astype("float32"))

unknown = keras.Sequential([keras.Input((5, 3)), layers.LSTM(2)])
unknown.save(here / "unknown.keras")

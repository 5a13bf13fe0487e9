"""Writes reference.npz and lenet.npz: numbers of Keras 3 (NumPy backend) and of a float64 LeNet written out in NumPy.

Usage: pip install keras numpy; python make.py. Stored results: Keras 3.15.1, NumPy 2.4.6.
"""
import os

os.environ["KERAS_BACKEND"] = "numpy"
import keras
import numpy as np

rng = np.random.default_rng(7)
out = {}


def normal(*shape):
    return rng.standard_normal(shape).astype("float32")


def layer(name, layer, x, kernel=None, bias=None):
    layer.build(x.shape)
    weights = [w for w in (kernel, bias) if w is not None]
    if weights:
        layer.set_weights(weights)
    out[name + "/x"], out[name + "/y"] = x, np.asarray(layer(x))
    if kernel is not None:
        out[name + "/kernel"] = kernel
    if bias is not None:
        out[name + "/bias"] = bias


L = keras.layers
for activation in ["linear", "relu", "sigmoid", "tanh", "softmax", "gelu", "silu", "elu", "selu", "softplus", "softsign", "hard_sigmoid",
                   "leaky_relu", "relu6", "log_softmax", "exponential"]:
    layer("dense_" + activation, L.Dense(4, activation=activation), 2 * normal(3, 5), normal(5, 4), normal(4))
layer("dense_rank3", L.Dense(4, use_bias=False), normal(2, 3, 5), normal(5, 4))
convolutions = [((6, 7), 3, 1, "valid", 1, 1), ((6, 7), 3, 1, "same", 1, 1), ((6, 7), 3, 2, "same", 1, 1), ((7, 6), (2, 4), (2, 3), "same", 1, 1),
                ((8, 9), 3, 2, "valid", 1, 1), ((8, 9), 3, 1, "same", 2, 1), ((8, 9), (3, 2), 1, "valid", (2, 3), 1), ((5, 5), 3, 1, "same", 1, 2)]
for i, (size, k, s, padding, d, groups) in enumerate(convolutions):
    kh, kw = (k, k) if isinstance(k, int) else k
    layer(f"conv_{i}", L.Conv2D(4, k, strides=s, padding=padding, dilation_rate=d, groups=groups), normal(2, *size, 2), normal(kh, kw, 2 // groups, 4), normal(4))
pools = [((6, 7), 2, None, "valid"), ((6, 7), 2, None, "same"), ((7, 7), 3, 2, "same"), ((7, 8), (3, 2), (1, 2), "valid"), ((5, 5), 3, 1, "same")]
for i, (size, k, s, padding) in enumerate(pools):
    x = normal(2, *size, 3) - 2  # mostly below zero: padding with zeros would show
    layer(f"max_{i}", L.MaxPooling2D(k, strides=s, padding=padding), x)
    layer(f"average_{i}", L.AveragePooling2D(k, strides=s, padding=padding), x)

# Losses: predictions with exact zeros and ones, so that the clipping shows.
n, classes = 6, 4
logits, labels = 3 * normal(n, classes), rng.integers(0, classes, n)
probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
probabilities[0] = [0, 1, 0, 0]
probabilities[1] = [0.2, 0.2, 0.2, 0.2]  # does not sum to one
labels[0] = 2
weight = rng.random(n).astype("float32")
soft = rng.random((n, classes)).astype("float32")
soft /= soft.sum(-1, keepdims=True)
onehot = np.eye(classes, dtype="float32")[labels]
bits = rng.integers(0, 2, (n, classes)).astype("float32")
chances = rng.random((n, classes)).astype("float32")
chances[0, 0], chances[1, 1] = 0, 1
bits[0, 0], bits[1, 1] = 1, 1
out.update({"logits": logits, "labels": labels, "probabilities": probabilities, "weight": weight, "soft": soft, "onehot": onehot, "bits": bits, "chances": chances})
losses = keras.losses
for name, loss, t, p in [
    ("sparse", losses.SparseCategoricalCrossentropy(), labels, probabilities),
    ("sparse_logits", losses.SparseCategoricalCrossentropy(from_logits=True), labels, logits),
    ("categorical", losses.CategoricalCrossentropy(), onehot, probabilities),
    ("categorical_smooth", losses.CategoricalCrossentropy(label_smoothing=0.1), onehot, probabilities),
    ("categorical_logits", losses.CategoricalCrossentropy(from_logits=True), soft, logits),
    ("categorical_logits_smooth", losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2), onehot, logits),
    ("binary", losses.BinaryCrossentropy(), bits, chances),
    ("binary_smooth", losses.BinaryCrossentropy(label_smoothing=0.1), bits, chances),
    ("binary_logits", losses.BinaryCrossentropy(from_logits=True), bits, logits),
    ("binary_logits_smooth", losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1), bits, logits),
    ("binary_focal", losses.BinaryFocalCrossentropy(), bits, chances),
    ("binary_focal_balanced", losses.BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.4, gamma=1.5, label_smoothing=0.1), bits, chances),
    ("binary_focal_logits", losses.BinaryFocalCrossentropy(gamma=3, from_logits=True), bits, logits),
    ("categorical_focal", losses.CategoricalFocalCrossentropy(), onehot, probabilities),
    ("categorical_focal_smooth", losses.CategoricalFocalCrossentropy(alpha=0.6, gamma=1.5, label_smoothing=0.1), onehot, probabilities),
    ("categorical_focal_logits", losses.CategoricalFocalCrossentropy(gamma=3, from_logits=True), soft, logits),
    ("dice", losses.Dice(), bits, chances),
    ("dice_rows", losses.Dice(axis=(1,)), bits, chances),
    ("tversky", losses.Tversky(), bits, chances),
    ("tversky_rows", losses.Tversky(alpha=0.3, beta=0.8, axis=-1), bits, chances),
    ("squared", losses.MeanSquaredError(), soft, logits),
    ("absolute", losses.MeanAbsoluteError(), soft, logits),
]:
    out["loss_" + name] = np.array([loss(t, p), loss(t, p, sample_weight=weight)], "float32")

m = keras.metrics
out["accuracies"] = np.array([m.SparseCategoricalAccuracy()(labels, probabilities), m.CategoricalAccuracy()(soft, logits), m.BinaryAccuracy()(bits, chances)], "float32")

o = keras.optimizers
for name, make in [
    ("sgd", lambda: o.SGD(0.1)), ("momentum", lambda: o.SGD(0.1, momentum=0.9)), ("nesterov", lambda: o.SGD(0.1, momentum=0.9, nesterov=True)),
    ("adam", lambda: o.Adam(0.01)), ("adam_betas", lambda: o.Adam(0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-3)), ("adamw", lambda: o.AdamW(0.01)),
    ("adagrad", lambda: o.Adagrad(0.1)), ("rmsprop", lambda: o.RMSprop(0.01)), ("rmsprop_momentum", lambda: o.RMSprop(0.01, rho=0.8, momentum=0.9)),
]:
    v, optimizer, steps = keras.Variable(normal(19)), make(), []
    g = normal(12, 19)
    out[f"optimizer_{name}/start"], out[f"optimizer_{name}/gradients"] = np.array(v.value), g
    for gradient in g:
        optimizer.apply([gradient], [v])
        steps.append(np.array(v.value))
    out[f"optimizer_{name}/steps"] = np.stack(steps)
np.savez_compressed("reference.npz", **out)

# LeNet on 8 by 8 images, in float64: convolutions as sums over shifted slices, gradients by hand, SGD with momentum.
shapes = {"conv2d/kernel": (3, 3, 1, 4), "conv2d/bias": (4,), "conv2d_1/kernel": (3, 3, 4, 6), "conv2d_1/bias": (6,), "dense/kernel": (6, 12),
          "dense/bias": (12,), "dense_1/kernel": (12, 5), "dense_1/bias": (5,)}
w = {k: (0.4 * rng.standard_normal(s)).astype("float32") for k, s in shapes.items()}
lenet = {"start/" + k: v for k, v in w.items()}
w = {k: v.astype("float64") for k, v in w.items()}
velocity = {k: np.zeros_like(v) for k, v in w.items()}


def conv(x, kernel, bias):
    h, ww = x.shape[1] - 2, x.shape[2] - 2
    return sum(x[:, i:i + h, j:j + ww] @ kernel[i, j] for i in range(3) for j in range(3)) + bias


def conv_gradients(x, kernel, gy):
    h, ww = gy.shape[1:3]
    gx, gk = np.zeros_like(x), np.zeros_like(kernel)
    for i in range(3):
        for j in range(3):
            gx[:, i:i + h, j:j + ww] += gy @ kernel[i, j].T
            gk[i, j] = np.einsum("nhwc,nhwf->cf", x[:, i:i + h, j:j + ww], gy)
    return gx, gk, gy.sum((0, 1, 2))


def windows(x):
    b, h, ww, c = x.shape
    return x[:, :h // 2 * 2, :ww // 2 * 2].reshape(b, h // 2, 2, ww // 2, 2, c).transpose(0, 1, 3, 2, 4, 5).reshape(b, h // 2, ww // 2, 4, c)


def pool_gradient(x, gy):
    v = windows(x)
    mask = np.arange(4)[:, None] == v.argmax(3)[:, :, :, None]
    b, h, ww, _, c = v.shape
    g = (mask * gy[:, :, :, None]).reshape(b, h, ww, 2, 2, c).transpose(0, 1, 3, 2, 4, 5).reshape(b, 2 * h, 2 * ww, c)
    gx = np.zeros_like(x)
    gx[:, :2 * h, :2 * ww] = g
    return gx


history, xs, ys = [], normal(10, 16, 10, 10, 1), rng.integers(0, 5, (10, 16))
for x, y in zip(xs.astype("float64"), ys):
    c1 = conv(x, w["conv2d/kernel"], w["conv2d/bias"])
    r1 = np.maximum(c1, 0)
    p1 = windows(r1).max(3)
    c2 = conv(p1, w["conv2d_1/kernel"], w["conv2d_1/bias"])
    t2 = np.tanh(c2)
    p2 = windows(t2).max(3)
    flat = p2.reshape(len(x), -1)
    d1 = flat @ w["dense/kernel"] + w["dense/bias"]
    a1 = np.maximum(d1, 0)
    z = a1 @ w["dense_1/kernel"] + w["dense_1/bias"]
    p = np.exp(z - z.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    history.append(-np.log(p[np.arange(len(x)), y]).mean())
    gz = (p - np.eye(5)[y]) / len(x)
    g = {"dense_1/kernel": a1.T @ gz, "dense_1/bias": gz.sum(0)}
    gd = (gz @ w["dense_1/kernel"].T) * (d1 > 0)
    g |= {"dense/kernel": flat.T @ gd, "dense/bias": gd.sum(0)}
    gc2 = pool_gradient(t2, (gd @ w["dense/kernel"].T).reshape(p2.shape)) * (1 - t2 * t2)
    gp1, g["conv2d_1/kernel"], g["conv2d_1/bias"] = conv_gradients(p1, w["conv2d_1/kernel"], gc2)
    _, g["conv2d/kernel"], g["conv2d/bias"] = conv_gradients(x, w["conv2d/kernel"], pool_gradient(r1, gp1) * (c1 > 0))
    for k in w:
        velocity[k] = 0.9 * velocity[k] - 0.1 * g[k]
        w[k] = w[k] + velocity[k]
lenet |= {"end/" + k: v for k, v in w.items()} | {"x": xs, "y": ys, "losses": np.array(history)}
np.savez_compressed("lenet.npz", **lenet)
print({k: v.tolist() for k, v in out.items() if k.startswith(("loss_", "acc"))}, history)

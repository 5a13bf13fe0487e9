#pragma once
// Data sets to learn on: auto [train, test] = datasets::mnist();
#include "tensor/tensor.h"

namespace reel::datasets {

struct Dataset {
  Tensor x, y;  // one sample a row of each
};
struct Split {
  Dataset train, test;
};

// Handwritten digits: x float32 [60000 | 10000, 28, 28, 1] in [0, 1], y int64 [60000 | 10000] of 0 .. 9. Looked for in this order: the
// four idx files in $REEL_DATA/mnist, Keras's own ~/.keras/datasets/mnist.npz, our cache ($XDG_CACHE_HOME, else ~/.cache,
// /reel/mnist.npz); else Keras's file is downloaded into the cache. The first place that has the data decides: a damaged file there
// is an error and not passed over. With nothing anywhere the FileError lists every place and why it failed.
Split mnist(Where where = {});
// Zalando's ten kinds of clothing, in mnist's shapes: $REEL_DATA/fashion-mnist, ~/.keras/datasets/fashion-mnist, our cache
// /reel/fashion-mnist, download of the four idx files.
Split fashion_mnist(Where where = {});
// Drawn digits in mnist's shapes, for programs that must run without files: strokes of ten figures in random hands (slant,
// size, turn, place, pen), anti-aliased and noised. Labels go round 0 .. 9 in random order. A sample depends on seed and its number alone.
Split synthetic_digits(int64_t train_count = 6000, int64_t test_count = 1000, uint64_t seed = 0, Where where = {});

}  // namespace reel::datasets

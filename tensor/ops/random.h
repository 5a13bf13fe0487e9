#pragma once
// Random tensors, permutations and dropout. Each call takes one serial from its generator.
#include "tensor/op.h"
#include "tensor/random.h"

namespace reel {

// In [low, high): never high itself, in any float dtype.
Tensor uniform(const Shape& shape, double low = 0, double high = 1, DType dtype = float32, Generator& generator = default_generator(), Where where = {});
Tensor normal(const Shape& shape, double mean = 0, double stddev = 1, DType dtype = float32, Generator& generator = default_generator(),
              Where where = {});
// Normal, given that it lies within two deviations of the mean.
Tensor truncated_normal(const Shape& shape, double mean = 0, double stddev = 1, DType dtype = float32, Generator& generator = default_generator(),
                        Where where = {});
// Integers in [low, high), each as likely as the others to one part in 2^64.
Tensor randint(const Shape& shape, int64_t low, int64_t high, DType dtype = int64, Generator& generator = default_generator(), Where where = {});
// 1 with probability p (rounded to a multiple of 2^-32), else 0.
Tensor bernoulli(const Shape& shape, double p, DType dtype = float32, Generator& generator = default_generator(), Where where = {});
// 0 ... n - 1 in a random order; int64.
Tensor permutation(int64_t n, Generator& generator = default_generator(), Where where = {});
// The rows of the first axis in a random order.
Tensor shuffle(const Tensor& x, Generator& generator = default_generator(), Where where = {});

// Zeros each element with probability `rate` and multiplies the others by 1 / (1 - rate). The mask is drawn again for the gradient, not
// kept. rate 0 returns x and takes no serial; rate 1 gives zeros with zero gradient. Floats only.
Tensor dropout(const Tensor& x, double rate, Generator& generator = default_generator(), Where where = {});

}  // namespace reel

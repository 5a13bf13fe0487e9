#pragma once
// Random numbers of the common distributions, with the names of NumPy's Generator. They are computed in float64 from numbers of their own
// for each element, and rounded to the dtype: the same for any number of threads. Not differentiable. On the CPU.
#include "tensor/ops/random.h"

namespace reel {

// Of density exp(-x / scale) / scale on [0, inf).
Tensor exponential(const Shape& shape, double scale = 1, DType dtype = float32, Generator& generator = default_generator(), Where where = {});
// Of density x^(k - 1) exp(-x / scale) on [0, inf), up to a constant, for the shape parameter k > 0.
Tensor gamma(const Shape& shape, double k, double scale = 1, DType dtype = float32, Generator& generator = default_generator(), Where where = {});
// Of density x^(a - 1) (1 - x)^(b - 1) on [0, 1], up to a constant.
Tensor beta(const Shape& shape, double a, double b, DType dtype = float32, Generator& generator = default_generator(), Where where = {});
// The sum of the squares of df normal numbers; df > 0 need not be whole.
Tensor chisquare(const Shape& shape, double df, DType dtype = float32, Generator& generator = default_generator(), Where where = {});
// Student's distribution with df > 0 degrees of freedom.
Tensor standard_t(const Shape& shape, double df, DType dtype = float32, Generator& generator = default_generator(), Where where = {});
// exp of a normal number.
Tensor lognormal(const Shape& shape, double mean = 0, double sigma = 1, DType dtype = float32, Generator& generator = default_generator(), Where where = {});
// The largest of many: of distribution function exp(-exp(-(x - loc) / scale)).
Tensor gumbel(const Shape& shape, double loc = 0, double scale = 1, DType dtype = float32, Generator& generator = default_generator(), Where where = {});
// Of density exp(-|x - loc| / scale) / (2 scale).
Tensor laplace(const Shape& shape, double loc = 0, double scale = 1, DType dtype = float32, Generator& generator = default_generator(), Where where = {});
// Of density scale / (pi ((x - loc)^2 + scale^2)): it has no mean.
Tensor cauchy(const Shape& shape, double loc = 0, double scale = 1, DType dtype = float32, Generator& generator = default_generator(), Where where = {});
// How many events of mean `rate` >= 0 happen; rate at most 10^15.
Tensor poisson(const Shape& shape, double rate, DType dtype = int64, Generator& generator = default_generator(), Where where = {});
// How many of n trials of probability p succeed.
Tensor binomial(const Shape& shape, int64_t n, double p, DType dtype = int64, Generator& generator = default_generator(), Where where = {});
// The number of trials of probability p in (0, 1] up to the first success, which counts.
Tensor geometric(const Shape& shape, double p, DType dtype = int64, Generator& generator = default_generator(), Where where = {});
// Points of the simplex [shape ..., n] for concentrations alpha [n] > 0; float32, or float64 of float64 alpha.
Tensor dirichlet(const Shape& shape, const Tensor& alpha, Generator& generator = default_generator(), Where where = {});
// Places along the last axis of weights [..., n] >= 0, `count` for each row [..., count], int64, each chosen with a probability proportional
// to its weight; without replacement no place comes twice, and a row needs `count` weights above 0.
Tensor multinomial(const Tensor& weights, int64_t count, bool replacement = false, Generator& generator = default_generator(), Where where = {});
// One place along the last axis of logits [..., n] for each row, int64 [...], by probabilities softmax(logits).
Tensor categorical(const Tensor& logits, Generator& generator = default_generator(), Where where = {});
// Uniform in [0, 1).
inline Tensor rand(const Shape& shape, DType dtype = float32, Generator& generator = default_generator(), Where where = {}) {
  return uniform(shape, 0, 1, dtype, generator, where);
}
// Normal, of mean 0 and deviation 1.
inline Tensor randn(const Shape& shape, DType dtype = float32, Generator& generator = default_generator(), Where where = {}) {
  return normal(shape, 0, 1, dtype, generator, where);
}

}  // namespace reel

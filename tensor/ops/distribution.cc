#include "tensor/ops/distribution.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tensor/cpu/random_loops.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/softmax.h"
#include "tensor/ops/view.h"
#include "tensor/parallel.h"

namespace reel {
namespace {

constexpr int64_t kElements = 512;  // worth a thread

// The numbers of one element, as many as it asks for: blocks element, element + 2^50, element + 2 * 2^50 ... of the draw.
class Stream {
 public:
  Stream(Draw draw, uint64_t element) : draw_(draw), block_(element) {}
  // The same, its first words being there already.
  Stream(Draw draw, uint64_t element, const uint32_t* first, int count) : draw_(draw), block_(element), there_(count) {
    std::copy_n(first, count, words_);
  }
  // In (0, 1), of 53 bits.
  double uniform() {
    if (used_ == there_) {
      if (there_ == kRandomWords) block_ += uint64_t(1) << 50, used_ = 0;
      random_loops.words(draw_, block_, there_ = kRandomWords, words_);
    }
    uint64_t u = uint64_t(words_[used_]) << 32 | words_[used_ + 1];
    used_ += 2;
    return (double(u >> 12) + 0.5) * 0x1p-52;
  }
  // Box and Muller's.
  double normal() {
    double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(6.2831853071795864769 * uniform());
  }

 private:
  Draw draw_;
  uint64_t block_;
  int there_ = 0, used_ = 0;
  uint32_t words_[kRandomWords];
};

double log_factorial(double k) {
  int sign;
  return lgamma_r(k + 1, &sign);
}

// log of a gamma number: Marsaglia and Tsang, "A simple method for generating gamma variables" (2000); in logarithms, since for a small k
// the numbers themselves vanish.
double log_gamma_number(Stream& s, double k) {
  double small = k < 1 ? std::log(s.uniform()) / k : 0, d = (k < 1 ? k + 1 : k) - 1. / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    double x = s.normal(), v = 1 + c * x;
    if (v <= 0) continue;
    v = v * v * v;
    double u = s.uniform();
    if (u < 1 - 0.0331 * x * x * x * x || std::log(u) < 0.5 * x * x + d * (1 - v + std::log(v))) return std::log(d * v) + small;
  }
}
double gamma_number(Stream& s, double k) { return std::exp(log_gamma_number(s, k)); }

// Small means by their definition, larger ones by Hörmann's transformed rejection ("The transformed rejection method for generating
// Poisson random variables", 1993).
double poisson_number(Stream& s, double rate) {
  if (rate == 0) return 0;
  if (rate < 10) {
    double least = std::exp(-rate), product = s.uniform();
    int64_t k = 0;
    for (; product > least; ++k) product *= s.uniform();
    return double(k);
  }
  double b = 0.931 + 2.53 * std::sqrt(rate), a = -0.059 + 0.02483 * b, inverse = 1.1239 + 1.1328 / (b - 3.4), sure = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    double u = s.uniform() - 0.5, v = s.uniform(), us = 0.5 - std::fabs(u), k = std::floor((2 * a / us + b) * u + rate + 0.43);
    if (us >= 0.07 && v <= sure) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (std::log(v * inverse / (a / (us * us) + b)) <= k * std::log(rate) - rate - log_factorial(k)) return k;
  }
}
// The same for binomial numbers ("The generation of binomial random variates", 1993); few successes by counting failures between them.
double binomial_number(Stream& s, double n, double p) {
  if (p > 0.5) return n - binomial_number(s, n, 1 - p);
  if (p == 0) return 0;
  if (n * p < 10) {
    double step = std::log1p(-p), at = 0;
    for (int64_t k = 0;; ++k) {
      at += std::floor(std::log(s.uniform()) / step) + 1;
      if (at > n) return double(k);
    }
  }
  double q = 1 - p, spread = std::sqrt(n * p * q), b = 1.15 + 2.53 * spread, a = -0.0873 + 0.0248 * b + 0.01 * p, centre = n * p + 0.5;
  double sure = 0.92 - 4.2 / b, alpha = (2.83 + 5.1 / b) * spread, odds = std::log(p / q), mode = std::floor((n + 1) * p);
  double h = log_factorial(mode) + log_factorial(n - mode);
  for (;;) {
    double u = s.uniform() - 0.5, v = s.uniform(), us = 0.5 - std::fabs(u), k = std::floor((2 * a / us + b) * u + centre);
    if (us >= 0.07 && v <= sure) return k;
    if (k < 0 || k > n) continue;
    if (std::log(v * alpha / (a / (us * us) + b)) <= h - log_factorial(k) - log_factorial(n - k) + (k - mode) * odds) return k;
  }
}

enum class Law : uint8_t {
  kExponential, kGamma, kLogGamma, kBeta, kStudent, kLogNormal, kGumbel, kLaplace, kCauchy,
  kPoisson, kBinomial, kGeometric,  // these count
};
constexpr const char* kLaws[] = {"exponential", "gamma", "log gamma", "beta", "standard_t", "lognormal", "gumbel", "laplace", "cauchy",
                                 "poisson", "binomial", "geometric"};

double number(Law law, Stream& s, double a, double b) {
  switch (law) {
    case Law::kExponential: return -a * std::log(s.uniform());
    case Law::kGamma: return b * gamma_number(s, a);
    case Law::kLogGamma: return log_gamma_number(s, a);
    case Law::kBeta: {
      double x = log_gamma_number(s, a);
      return 1 / (1 + std::exp(log_gamma_number(s, b) - x));
    }
    case Law::kStudent: {
      double z = s.normal();
      return z * std::exp(0.5 * (std::log(a / 2) - log_gamma_number(s, a / 2)));
    }
    case Law::kLogNormal: return std::exp(a + b * s.normal());
    case Law::kGumbel: return a - b * std::log(-std::log(s.uniform()));
    case Law::kLaplace: {
      double u = 2 * s.uniform() - 1;
      return a - std::copysign(b, u) * std::log1p(-std::fabs(u));
    }
    case Law::kCauchy: return a + b * std::tan(3.1415926535897932385 * (s.uniform() - 0.5));
    case Law::kPoisson: return poisson_number(s, a);
    case Law::kBinomial: return binomial_number(s, a, b);
    default: return a == 1 ? 1 : std::min(std::floor(std::log(s.uniform()) / std::log1p(-a)) + 1, 0x1p62);
  }
}

// Numbers of a law; with an operand its elements are the first parameter.
struct Sampled {
  static constexpr const char* name = "sampled";
  static constexpr Keep keep = kNothing;
  Shape shape;
  DType dtype;
  Draw draw;
  Law law;
  double a = 0, b = 0;
  Spec infer(Inputs) const { return {shape, dtype}; }
  Grads vjp(const Vjp&) const { return {}; }
  Tensor batch(const Batch& batch) const {
    if (batch.inputs() || !batch.each_random()) return {};
    Sampled op = *this;
    op.shape = batch_shape(batch.size(), shape);
    return apply(op, batch.where());
  }
  std::string attributes() const {
    return std::string("law=") + kLaws[int(law)] + " seed=" + std::to_string(draw.seed) + " serial=" + std::to_string(draw.serial);
  }
};
REEL_KERNEL(Sampled, kCpu) {
  const double* first = in.size() ? in[0].raw<const double>() : nullptr;
  visit(op.dtype, [&]<class T>(T*) {
    T* y = out[0].raw<T>();
    // Most elements ask for few words, which are made for many of them at once.
    constexpr int64_t kTogether = 64;
    const int count = op.law == Law::kExponential || op.law == Law::kGumbel || op.law == Law::kLaplace || op.law == Law::kCauchy || op.law == Law::kGeometric ? 2 : 8;
    parallel_for(out[0].size(), kElements, [&](int64_t begin, int64_t end) {
      uint32_t words[8 * kTogether];
      for (int64_t i = begin; i < end; ++i) {
        int64_t k = (i - begin) % kTogether;
        if (k == 0) (count == 2 ? random_loops.first_two : random_loops.first_eight)(op.draw, uint64_t(i), std::min(kTogether, end - i), words);
        Stream s(op.draw, uint64_t(i), words + k * count, count);
        double v = number(op.law, s, first ? first[i] : op.a, op.b);
        if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) y[i] = T(float(v));
        else if constexpr (std::is_integral_v<T>) y[i] = math::saturated<T>(v);
        else y[i] = T(v);
      }
    });
  });
}

struct Multinomial {
  static constexpr const char* name = "multinomial";
  static constexpr Keep keep = kNothing;
  Draw draw;
  int64_t count;
  bool replacement;
  Spec infer(Inputs in) const {
    Shape s = in[0].shape();
    s[-1] = count;
    return {s, int64, float64};
  }
  Grads vjp(const Vjp&) const { return {}; }
  std::string attributes() const {
    return "count=" + std::to_string(count) + (replacement ? " replacement" : "") + " seed=" + std::to_string(draw.seed) +
           " serial=" + std::to_string(draw.serial);
  }
};
REEL_KERNEL(Multinomial, kCpu) {
  NoGrad no_grad;
  Tensor x = contiguous(in[0]);
  int64_t n = x.shape()[-1], rows = n ? x.size() / n : 0, count = op.count;
  const double* weights = x.raw<const double>();
  for (int64_t row = 0; row < rows; ++row) {
    int64_t positive = 0;
    for (int64_t i = 0; i < n; ++i) {
      double w = weights[row * n + i];
      if (!(w >= 0) || std::isinf(w))
        fail<Error>(op.name, "a weight must be finite and not negative, row " + std::to_string(row) + " has " + std::to_string(w), in);
      positive += w > 0;
    }
    if (positive < (op.replacement ? std::min<int64_t>(count, 1) : count))
      fail<Error>(op.name, "row " + std::to_string(row) + " has " + std::to_string(positive) + " weights above 0, too few for " +
                               std::to_string(count), in);
  }
  parallel_for(rows, std::max<int64_t>(1, kElements / (n + count + 1)), [&](int64_t begin, int64_t end) {
    std::vector<double> key(static_cast<size_t>(n));
    std::vector<int64_t> order(static_cast<size_t>(n));
    for (int64_t row = begin; row < end; ++row) {
      Stream s(op.draw, uint64_t(row));
      const double* w = weights + row * n;
      int64_t* y = out[0].raw<int64_t>() + row * count;
      if (op.replacement) {
        std::partial_sum(w, w + n, key.begin());
        for (int64_t k = 0; k < count; ++k) {
          int64_t at = std::upper_bound(key.begin(), key.end(), s.uniform() * key.back()) - key.begin();
          while (at == n || w[at] == 0) --at;  // a product that was rounded up to the end
          y[k] = at;
        }
      } else {
        // Exponential clocks of these rates ring in the order of drawing without replacement.
        for (int64_t i = 0; i < n; ++i) key[size_t(i)] = w[i] > 0 ? -std::log(s.uniform()) / w[i] : INFINITY, order[size_t(i)] = i;
        auto sooner = [&](int64_t i, int64_t j) { return key[size_t(i)] < key[size_t(j)]; };
        std::partial_sort(order.begin(), order.begin() + count, order.end(), sooner);
        std::copy_n(order.begin(), count, y);
      }
    }
  });
}

// Parameters that must be finite, and those of `positive` above 0.
void check_parameters(const char* op, std::initializer_list<double> finite, std::initializer_list<double> positive) {
  for (double v : finite)
    if (!std::isfinite(v)) throw Error(std::string(op) + ": parameters must be finite, got " + std::to_string(v));
  for (double v : positive)
    if (!(v > 0) || !std::isfinite(v)) throw Error(std::string(op) + ": a parameter must be finite and above 0, got " + std::to_string(v));
}
Tensor sample(Law law, const Shape& shape, double a, double b, DType dtype, Generator& g, Where where) {
  bool counts = law >= Law::kPoisson;
  if (dtype == boolean || (!counts && !is_floating(dtype)))
    throw DTypeError(std::string(kLaws[int(law)]) + ": a " + (counts ? "number's" : "float") + " dtype is needed, not " + name(dtype));
  return apply(Sampled{shape, dtype, next_draw(g), law, a, b}, where);
}

}  // namespace

Tensor exponential(const Shape& shape, double scale, DType dtype, Generator& g, Where where) {
  return formula(where, [&] {
    check_parameters("exponential", {}, {scale});
    return sample(Law::kExponential, shape, scale, 0, dtype, g, where);
  });
}
Tensor gamma(const Shape& shape, double k, double scale, DType dtype, Generator& g, Where where) {
  return formula(where, [&] {
    check_parameters("gamma", {}, {k, scale});
    return sample(Law::kGamma, shape, k, scale, dtype, g, where);
  });
}
Tensor beta(const Shape& shape, double a, double b, DType dtype, Generator& g, Where where) {
  return formula(where, [&] {
    check_parameters("beta", {}, {a, b});
    return sample(Law::kBeta, shape, a, b, dtype, g, where);
  });
}
Tensor chisquare(const Shape& shape, double df, DType dtype, Generator& g, Where where) {
  return formula(where, [&] {
    check_parameters("chisquare", {}, {df});
    return sample(Law::kGamma, shape, df / 2, 2, dtype, g, where);
  });
}
Tensor standard_t(const Shape& shape, double df, DType dtype, Generator& g, Where where) {
  return formula(where, [&] {
    check_parameters("standard_t", {}, {df});
    return sample(Law::kStudent, shape, df, 0, dtype, g, where);
  });
}
Tensor lognormal(const Shape& shape, double mean, double sigma, DType dtype, Generator& g, Where where) {
  return formula(where, [&] {
    check_parameters("lognormal", {mean}, {sigma});
    return sample(Law::kLogNormal, shape, mean, sigma, dtype, g, where);
  });
}
Tensor gumbel(const Shape& shape, double loc, double scale, DType dtype, Generator& g, Where where) {
  return formula(where, [&] {
    check_parameters("gumbel", {loc}, {scale});
    return sample(Law::kGumbel, shape, loc, scale, dtype, g, where);
  });
}
Tensor laplace(const Shape& shape, double loc, double scale, DType dtype, Generator& g, Where where) {
  return formula(where, [&] {
    check_parameters("laplace", {loc}, {scale});
    return sample(Law::kLaplace, shape, loc, scale, dtype, g, where);
  });
}
Tensor cauchy(const Shape& shape, double loc, double scale, DType dtype, Generator& g, Where where) {
  return formula(where, [&] {
    check_parameters("cauchy", {loc}, {scale});
    return sample(Law::kCauchy, shape, loc, scale, dtype, g, where);
  });
}
Tensor poisson(const Shape& shape, double rate, DType dtype, Generator& g, Where where) {
  return formula(where, [&] {
    if (!(rate >= 0 && rate <= 1e15)) throw Error("poisson: the rate is in [0, 10^15], got " + std::to_string(rate));
    return sample(Law::kPoisson, shape, rate, 0, dtype, g, where);
  });
}
Tensor binomial(const Shape& shape, int64_t n, double p, DType dtype, Generator& g, Where where) {
  return formula(where, [&] {
    if (n < 0 || n > (int64_t(1) << 50)) throw Error("binomial: the number of trials is in [0, 2^50], got " + std::to_string(n));
    if (!(p >= 0 && p <= 1)) throw Error("binomial: a probability is in [0, 1], got " + std::to_string(p));
    return sample(Law::kBinomial, shape, double(n), p, dtype, g, where);
  });
}
Tensor geometric(const Shape& shape, double p, DType dtype, Generator& g, Where where) {
  return formula(where, [&] {
    if (!(p > 0 && p <= 1)) throw Error("geometric: a probability of success is in (0, 1], got " + std::to_string(p));
    return sample(Law::kGeometric, shape, p, 0, dtype, g, where);
  });
}

Tensor dirichlet(const Shape& shape, const Tensor& alpha, Generator& g, Where where) {
  return formula(where, [&] {
    NoGrad no_grad;
    if (alpha.rank() != 1 || alpha.size() == 0 || shape.rank() == kMaxRank)
      throw ShapeError("dirichlet: alpha must be [n], and shape have at most seven axes\n  a  " + describe(alpha));
    Tensor k = cast(alpha, float64);
    for (int64_t i = 0; i < k.size(); ++i) check_parameters("dirichlet", {}, {k[i].item()});
    Shape whole = shape;
    whole.push(alpha.dim(0));
    Tensor each = contiguous(broadcast_to(to(k, cpu()), whole));
    Tensor logs = apply(Sampled{whole, float64, next_draw(g), Law::kLogGamma}, each, where);
    return cast(softmax(logs), alpha.dtype() == float64 ? float64 : float32);
  });
}
Tensor multinomial(const Tensor& weights, int64_t count, bool replacement, Generator& g, Where where) {
  return formula(where, [&] {
    NoGrad no_grad;
    if (weights.rank() == 0) throw ShapeError("multinomial: the weights need an axis\n  a  " + describe(weights));
    if (count < 0 || (!replacement && count > weights.dim(-1)) || (count > 0 && weights.dim(-1) == 0))
      throw Error("multinomial: " + std::to_string(count) + " of " + std::to_string(weights.dim(-1)) + " places cannot be drawn" +
                  (replacement ? "" : " without replacement") + "\n  a  " + describe(weights));
    return apply(Multinomial{next_draw(g), count, replacement}, weights, where);
  });
}
Tensor categorical(const Tensor& logits, Generator& g, Where where) {
  return formula(where, [&] {
    NoGrad no_grad;
    if (logits.rank() == 0) throw ShapeError("categorical: the logits need an axis\n  a  " + describe(logits));
    Tensor noise = gumbel(logits.shape(), 0, 1, float64, g, where);  // the largest logit plus noise is one of that probability
    return argmax(cast(logits, float64) + to(noise, logits.device()), -1);
  });
}

}  // namespace reel

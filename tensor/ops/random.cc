#include "tensor/ops/random.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "tensor/cpu/convert_loops.h"
#include "tensor/cpu/level.h"
#include "tensor/cpu/random_loops.h"
#include "tensor/mode.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/index.h"
#include "tensor/parallel.h"

namespace reel {

RandomLoops random_loops;
REEL_LEVELS(random_loops)

uint64_t Generator::draw() { return std::atomic_ref(serial).fetch_add(1, std::memory_order_relaxed); }
Generator& default_generator() {
  static Generator generator;
  return generator;
}
void set_random_seed(uint64_t seed) {
  Generator& g = default_generator();
  std::atomic_ref(g.seed).store(seed, std::memory_order_relaxed);
  std::atomic_ref(g.serial).store(0, std::memory_order_relaxed);
}

namespace {
thread_local DrawScope* draw_scope = nullptr;
}

DrawScope::DrawScope(std::vector<Draw>& draws, bool again) : draws_(draws), again_(again), outer_(std::exchange(draw_scope, this)) {}
DrawScope::~DrawScope() { draw_scope = outer_; }

Draw next_draw(Generator& g) {
  if (mode() & kNoRandom)
    throw Error("random numbers inside vmap: say .randomness = Randomness::kDifferent (each element its own) or kSame");
  DrawScope* source = draw_scope;
  while (source && !source->again_) source = source->outer_;
  if (source && source->taken_ == source->draws_.size())
    throw Error("checkpoint: the second run draws more random numbers than the first: its function depends on something that changed");
  Draw d = source ? source->draws_[source->taken_++] : Draw{std::atomic_ref(g.seed).load(std::memory_order_relaxed), g.draw()};
  for (DrawScope* s = draw_scope; s != source; s = s->outer_) s->draws_.push_back(d);
  return d;
}

namespace {

const bool installed = install_random_loops();

constexpr int64_t kBlocks = 256;  // blocks of 64 words worth a thread

// body(first block, place of its first element, elements) over ranges of whole blocks.
template <class F> void over_blocks(int64_t n, int64_t per_block, F&& body) {
  int64_t blocks = (n + per_block - 1) / per_block;
  parallel_for(blocks, kBlocks, [&](int64_t begin, int64_t end) {
    body(uint64_t(begin), begin * per_block, std::min(end * per_block, n) - begin * per_block);
  });
}

std::string text(Draw d) { return "seed=" + std::to_string(d.seed) + " serial=" + std::to_string(d.serial); }

struct Made {
  Shape shape;
  DType dtype;
  Draw draw;
  Spec infer(Inputs) const { return {shape, dtype}; }
  Grads vjp(const Vjp&) const { return {}; }
  std::string attributes() const { return text(draw); }
};
int64_t per_block(DType t) { return t == float64 || t == int64 ? 32 : 64; }

// In vmap with other numbers for each element, the draw is that of the whole batch.
template <class O> Tensor each(O op, const Batch& b) {
  if (!b.each_random()) return {};
  op.shape = batch_shape(b.size(), op.shape);
  return apply(op, b.where());
}

struct Uniform : Made {
  static constexpr const char* name = "uniform";
  static constexpr Keep keep = kNothing;
  double low, high, top;
  Tensor batch(const Batch& b) const { return each(*this, b); }
};
REEL_KERNEL(Uniform, kCpu) {
  over_blocks(out[0].size(), per_block(op.dtype), [&](uint64_t block, int64_t at, int64_t n) {
    random_loops.uniform[int(op.dtype)](op.draw, block, n, op.low, op.high, op.top, out[0].raw<char>() + at * item_size(op.dtype));
  });
}

struct Normal : Made {
  static constexpr const char* name = "normal";
  static constexpr Keep keep = kNothing;
  double mean, stddev;
  bool truncated;
  Tensor batch(const Batch& b) const { return each(*this, b); }
};
REEL_KERNEL(Normal, kCpu) {
  over_blocks(out[0].size(), per_block(op.dtype), [&](uint64_t block, int64_t at, int64_t n) {
    random_loops.normal[int(op.dtype)](op.draw, block, n, op.mean, op.stddev, op.truncated, out[0].raw<char>() + at * item_size(op.dtype));
  });
}

struct Randint : Made {
  static constexpr const char* name = "randint";
  static constexpr Keep keep = kNothing;
  int64_t low, high;
  Tensor batch(const Batch& b) const { return each(*this, b); }
};
REEL_KERNEL(Randint, kCpu) {
  over_blocks(out[0].size(), 32, [&](uint64_t block, int64_t at, int64_t n) {
    random_loops.integers(op.draw, block, n, op.low, uint64_t(op.high) - uint64_t(op.low), out[0].raw<int64_t>() + at);
  });
}

struct Bernoulli : Made {
  static constexpr const char* name = "bernoulli";
  static constexpr Keep keep = kNothing;
  uint64_t threshold;
  Tensor batch(const Batch& b) const { return each(*this, b); }
};
REEL_KERNEL(Bernoulli, kCpu) {
  over_blocks(out[0].size(), 64, [&](uint64_t block, int64_t at, int64_t n) {
    random_loops.below(op.draw, block, n, op.threshold, out[0].raw<bool>() + at);
  });
}

// Linear in its input: the gradient is the same op, with the same mask, of the incoming gradient.
struct Dropout {
  static constexpr const char* name = "dropout";
  static constexpr Keep keep = kNothing;
  Draw draw;
  double rate;
  Spec infer(Inputs in) const {
    DType t = in[0].dtype();
    if (!is_floating(t)) fail<DTypeError>(name, "is defined for floats", in);
    return {in[0].shape(), t};
  }
  Grads vjp(const Vjp& v) const { return {apply(*this, v.gy(), {})}; }
  Tensor batch(const Batch& b) const { return b.each_random() ? b.call(*this) : Tensor(); }
  std::string attributes() const { return "rate=" + std::to_string(rate) + " " + text(draw); }
};
uint64_t threshold_of(double p) { return uint64_t(std::llround(p * 0x1p32)); }
REEL_KERNEL(Dropout, kCpu) {
  NoGrad no_grad;
  Tensor x = contiguous(in[0]);
  DType t = x.dtype(), through = t == float64 ? t : float32;
  int64_t item = item_size(t);
  uint64_t threshold = std::max<uint64_t>(threshold_of(op.rate), 1);
  double scale = op.rate < 1 ? 1 / (1 - op.rate) : 0;
  auto run = random_loops.dropout[int(through)];
  over_blocks(x.size(), 64, [&](uint64_t block, int64_t begin, int64_t count) {
    const char* from = x.raw<const char>() + begin * item;
    char* to = out[0].raw<char>() + begin * item;
    if (t == through) return run(op.draw, block, count, threshold, scale, from, to);
    float values[1024];
    for (int64_t at = 0; at < count; at += 1024) {
      int64_t n = std::min<int64_t>(1024, count - at);
      convert_loops.at[int(t)][int(through)](values, from + at * item, n);
      run(op.draw, block + uint64_t(at / 64), n, threshold, scale, values, values);
      convert_loops.at[int(through)][int(t)](to + at * item, values, n);
    }
  });
}

void need_float(const char* op, DType t) {
  if (!is_floating(t)) throw DTypeError(std::string(op) + ": a float dtype is needed, not " + name(t));
}
// The largest value of dtype below x; x is one of its values.
double below(double x, DType t) {
  if (t == float64) return std::nextafter(x, -std::numeric_limits<double>::infinity());
  if (t == float32) return double(std::nextafterf(float(x), -std::numeric_limits<float>::infinity()));
  auto step = [&](auto value) {
    if (float(value) == 0) value = -1, value.bits = 0x8001;
    else value.bits = uint16_t(value.bits + (value.bits & 0x8000 ? 1 : -1));
    return double(float(value));
  };
  return t == float16 ? step(Half(float(x))) : step(BFloat16(float(x)));
}
// x rounded to dtype.
double rounded(double x, DType t) {
  return t == float64 ? x : t == float32 ? double(float(x)) : t == float16 ? double(float(Half(float(x)))) : double(float(BFloat16(float(x))));
}

Tensor make_normal(const char* op, const Shape& shape, double mean, double stddev, bool truncated, DType dtype, Generator& g, Where where) {
  return formula(where, [&] {
    need_float(op, dtype);
    if (!(stddev >= 0) || !std::isfinite(stddev) || !std::isfinite(mean))
      throw Error(std::string(op) + ": mean must be finite and stddev at least 0, got " + std::to_string(mean) + " and " + std::to_string(stddev));
    return apply(Normal{{shape, dtype, next_draw(g)}, mean, stddev, truncated}, where);
  });
}

}  // namespace

Tensor uniform(const Shape& shape, double low, double high, DType dtype, Generator& g, Where where) {
  return formula(where, [&] {
    need_float("uniform", dtype);
    double first = rounded(low, dtype), last = rounded(high, dtype);
    if (!(low <= high) || !std::isfinite(last - first) || !std::isfinite(rounded(last - first, dtype)))
      throw Error("uniform: low must not be above high, and both finite, got " + std::to_string(low) + " and " + std::to_string(high));
    return apply(Uniform{{shape, dtype, next_draw(g)}, first, last, first == last ? first : below(last, dtype)}, where);
  });
}
Tensor normal(const Shape& shape, double mean, double stddev, DType dtype, Generator& g, Where where) {
  return make_normal("normal", shape, mean, stddev, false, dtype, g, where);
}
Tensor truncated_normal(const Shape& shape, double mean, double stddev, DType dtype, Generator& g, Where where) {
  return make_normal("truncated_normal", shape, mean, stddev, true, dtype, g, where);
}

Tensor randint(const Shape& shape, int64_t low, int64_t high, DType dtype, Generator& g, Where where) {
  return formula(where, [&] {
    if (!is_integer(dtype)) throw DTypeError(std::string("randint: an integer dtype is needed, not ") + name(dtype));
    if (low >= high) throw Error("randint: low must be below high, got " + std::to_string(low) + " and " + std::to_string(high));
    visit(dtype, [&]<class T>(T*) {
      if constexpr (std::is_integral_v<T>)
        if (low < int64_t(std::numeric_limits<T>::min()) || high - 1 > int64_t(std::numeric_limits<T>::max()))
          throw Error("randint: [" + std::to_string(low) + ", " + std::to_string(high) + ") does not fit " + name(dtype));
    });
    return cast(apply(Randint{{shape, int64, next_draw(g)}, low, high}, where), dtype, where);
  });
}

Tensor bernoulli(const Shape& shape, double p, DType dtype, Generator& g, Where where) {
  return formula(where, [&] {
    if (!(p >= 0 && p <= 1)) throw Error("bernoulli: a probability is in [0, 1], got " + std::to_string(p));
    return cast(apply(Bernoulli{{shape, boolean, next_draw(g)}, threshold_of(p)}, where), dtype, where);
  });
}

Tensor permutation(int64_t n, Generator& g, Where where) {
  return formula(where, [&] {
    if (n < 0) throw ShapeError("permutation: a negative count, " + std::to_string(n));
    Tensor x = empty({n}, int64, cpu(), where);
    int64_t* p = x.raw<int64_t>();
    if (mode() & kEachRandom) throw Error("permutation: cannot be another one for each element of a vmap; draw it outside or say Randomness::kSame");
    Draw draw = next_draw(g);
    // Fisher and Yates: each place in turn takes one of those before it or itself.
    uint32_t words[kRandomWords];
    for (int64_t i = 0; i < n; ++i) {
      int64_t at = i % 32;
      if (at == 0) random_loops.words(draw, uint64_t(i / 32), kRandomWords, words);
      uint64_t u = uint64_t(words[2 * at]) << 32 | words[2 * at + 1];
      int64_t j = int64_t((unsigned __int128)u * uint64_t(i + 1) >> 64);
      p[i] = p[j];
      p[j] = i;
    }
    return x;
  });
}

Tensor shuffle(const Tensor& x, Generator& g, Where where) {
  return formula(where, [&] {
    if (x.rank() == 0) throw ShapeError("shuffle: the tensor has no axes\n  a  " + describe(x));
    return take(x, to(permutation(x.dim(0), g, where), x.device(), where), 0, where);
  });
}

Tensor dropout(const Tensor& x, double rate, Generator& g, Where where) {
  return formula(where, [&] {
    if (!(rate >= 0 && rate <= 1)) throw Error("dropout: rate is in [0, 1], got " + std::to_string(rate) + "\n  a  " + describe(x));
    if (rate == 0) return x;
    return apply(Dropout{next_draw(g), rate}, x, where);
  });
}

}  // namespace reel

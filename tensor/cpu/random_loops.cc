// Compiled once per instruction-set level; REEL_LEVEL is base, v3 or v4. Without contraction of products and sums, so that every
// level draws the same bits.
#pragma GCC optimize("fp-contract=off")
#include "tensor/cpu/random_loops.h"
#include "tensor/cpu/level.h"

#include <cstring>

#include "tensor/half.h"
#include "tensor/math.h"

namespace reel {
namespace {

constexpr int kCounters = 16;

// The first `each` counters of as many blocks as make up sixteen. Not inlined: the compiler vectorizes it alone, but not inside the loops
// that use it.
template <int each = kCounters> [[gnu::noinline]] void philox(Draw draw, uint64_t block, uint32_t* out) {
  uint32_t c0[kCounters], c1[kCounters], c2[kCounters], c3[kCounters];
  for (int j = 0; j < kCounters; ++j) {
    uint64_t counter = (block + uint64_t(j / each)) * kCounters + uint64_t(j % each);
    c0[j] = uint32_t(counter);
    c1[j] = uint32_t(counter >> 32);
    c2[j] = uint32_t(draw.serial);
    c3[j] = uint32_t(draw.serial >> 32);
  }
  uint32_t k0 = uint32_t(draw.seed), k1 = uint32_t(draw.seed >> 32);
  for (int round = 0; round < 10; ++round) {
    for (int j = 0; j < kCounters; ++j) {
      uint64_t a = uint64_t(c0[j]) * 0xD2511F53u, b = uint64_t(c2[j]) * 0xCD9E8D57u;
      uint32_t n0 = uint32_t(b >> 32) ^ c1[j] ^ k0, n2 = uint32_t(a >> 32) ^ c3[j] ^ k1;
      c0[j] = n0;
      c1[j] = uint32_t(b);
      c2[j] = n2;
      c3[j] = uint32_t(a);
    }
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  std::memcpy(out, c0, sizeof c0);
  std::memcpy(out + kCounters, c1, sizeof c1);
  std::memcpy(out + 2 * kCounters, c2, sizeof c2);
  std::memcpy(out + 3 * kCounters, c3, sizeof c3);
}

[[gnu::always_inline]] inline uint64_t wide(const uint32_t* words, int i) {
  const uint32_t* high = words + i / kCounters * 2 * kCounters + i % kCounters;
  return uint64_t(high[0]) << 32 | high[kCounters];
}

// f(words, place of the block's first element, y) for each block of kPerBlock elements; a last partial block goes through a buffer.
template <int kPerBlock, class T, class F> [[gnu::always_inline]] inline void each_block(Draw draw, uint64_t block, int64_t n, T* out, F&& f) {
  alignas(64) uint32_t words[kRandomWords];
  for (int64_t at = 0; at < n; at += kPerBlock, ++block) {
    philox<>(draw, block, words);
    if (at + kPerBlock <= n) {
      f(words, at, out + at);
    } else {
      T rest[kPerBlock];
      f(words, at, rest);
      std::memcpy(out + at, rest, size_t(n - at) * sizeof(T));
    }
  }
}

void words(Draw draw, uint64_t block, int64_t n, uint32_t* out) {
  each_block<kRandomWords>(draw, block, n, out, [](const uint32_t* w, int64_t, uint32_t* y) { std::memcpy(y, w, kRandomWords * 4); });
}

template <int each> void first_words(Draw draw, uint64_t block, int64_t n, uint32_t* out) {
  constexpr int64_t blocks = kCounters / each;
  uint32_t words[kRandomWords];
  for (int64_t at = 0; at < n; at += blocks, block += uint64_t(blocks), out += kCounters) {
    philox<each>(draw, block, words);
    std::memcpy(out, words, size_t(n - at < blocks ? n - at : blocks) * each * sizeof(uint32_t));  // lane 0 of every counter
  }
}

template <class T> [[gnu::always_inline]] inline T stored(float x) {
  T y;
  if constexpr (std::is_same_v<T, Half>) y.bits = float_to_half(x);
  else if constexpr (std::is_same_v<T, BFloat16>) y.bits = float_to_bfloat(x);
  else y = x;
  return y;
}

template <class T> void uniform(Draw draw, uint64_t block, int64_t n, double low, double high, double top, void* out) {
  constexpr int kBits = std::is_same_v<T, float> ? 24 : std::is_same_v<T, Half> ? 11 : 8;
  const float start = float(low), range = float(high - low) * (1.f / float(1 << kBits)), most = float(top);
  each_block<64>(draw, block, n, static_cast<T*>(out), [&](const uint32_t* w, int64_t, T* y) {
    for (int j = 0; j < 64; ++j) {
      float x = start + float(int32_t(w[j] >> (32 - kBits))) * range;
      y[j] = stored<T>(x < most ? x : most);
    }
  });
}
void uniform_double(Draw draw, uint64_t block, int64_t n, double low, double high, double top, void* out) {
  const double range = (high - low) * 0x1p-53;
  each_block<32>(draw, block, n, static_cast<double*>(out), [&](const uint32_t* w, int64_t, double* y) {
    for (int j = 0; j < 32; ++j) {
      double x = low + double(int64_t(wide(w, j) >> 11)) * range;
      y[j] = x < top ? x : top;
    }
  });
}

// The inverse of the normal distribution for p in (0, 0.5]: algorithm AS 241 (Wichura, Applied Statistics 37, 1988), PPND7 to one
// part in 10^7 and PPND16 to one in 10^16. The float version sees no p below 2^-33, where its third polynomial would begin.
// Without a loop over the coefficients, inside of which the loops over numbers would not be vectorized.
template <int i = 0, class T, int N> [[gnu::always_inline]] inline T polynomial(const T (&c)[N], T x) {
  if constexpr (i + 1 == N) return c[i];
  else return math::fma(polynomial<i + 1>(c, x), x, c[i]);
}
[[gnu::always_inline]] inline float normal_quantile(float p) {
  constexpr float a[] = {3.3871327179e+00f, 5.0434271938e+01f, 1.5929113202e+02f, 5.9109374720e+01f};
  constexpr float b[] = {1.f, 1.7895169469e+01f, 7.8757757664e+01f, 6.7187563600e+01f};
  constexpr float c[] = {1.4234372777e+00f, 2.7568153900e+00f, 1.3067284816e+00f, 1.7023821103e-01f};
  constexpr float d[] = {1.f, 7.3700164250e-01f, 1.2021132975e-01f};
  float q = p - 0.5f, r = math::fma(-q, q, 0.180625f), s = math::sqrt(-math::log(p)) - 1.6f;
  float central = q * polynomial(a, r) / polynomial(b, r), tail = polynomial(c, s) / polynomial(d, s);
  return q >= -0.425f ? central : -tail;
}
inline double normal_quantile(double p) {
  static constexpr double a[] = {3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                 4.5921953931549871457e+4, 6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3};
  static constexpr double b[] = {1., 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
                                 2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4, 5.2264952788528545610e+3};
  static constexpr double c[] = {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
                                 1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4};
  static constexpr double d[] = {1., 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
                                 1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9};
  static constexpr double e[] = {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
                                 2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7};
  static constexpr double f[] = {1., 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
                                 7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15};
  double q = p - 0.5;
  if (q >= -0.425) {
    double r = 0.180625 - q * q;
    return q * polynomial(a, r) / polynomial(b, r);
  }
  double r = math::sqrt(-math::log(p));
  return r <= 5 ? -polynomial(c, r - 1.6) / polynomial(d, r - 1.6) : -polynomial(e, r - 5) / polynomial(f, r - 5);
}

constexpr double kBelowMinus2 = 0.022750131948179207200;  // of a normal distribution

// The top bit is the sign, the others say where in the lower half: of the whole, or of what lies above -2. That gives the
// distribution that drawing again beyond two deviations gives, without a loop.
template <class T> void normal(Draw draw, uint64_t block, int64_t n, double mean, double stddev, bool truncated, void* out) {
  const float start = truncated ? float(kBelowMinus2) : 0.f, step = (0.5f - start) * 0x1p-31f, m = float(mean), s = float(stddev);
  each_block<64>(draw, block, n, static_cast<T*>(out), [&](const uint32_t* w, int64_t, T* y) {
    for (int j = 0; j < 64; ++j) {
      float z = normal_quantile(start + (float(int32_t(w[j] & 0x7fffffffu)) + 0.5f) * step);
      y[j] = stored<T>(m + s * (w[j] >> 31 ? -z : z));
    }
  });
}
void normal_double(Draw draw, uint64_t block, int64_t n, double mean, double stddev, bool truncated, void* out) {
  const double start = truncated ? kBelowMinus2 : 0, step = (0.5 - start) * 0x1p-52;
  each_block<32>(draw, block, n, static_cast<double*>(out), [&](const uint32_t* w, int64_t, double* y) {
    for (int j = 0; j < 32; ++j) {
      uint64_t u = wide(w, j);
      double z = normal_quantile(start + (double(int64_t(u << 1 >> 12)) + 0.5) * step);
      y[j] = mean + stddev * (u >> 63 ? -z : z);
    }
  });
}

void integers(Draw draw, uint64_t block, int64_t n, int64_t low, uint64_t range, int64_t* out) {
  each_block<32>(draw, block, n, out, [&](const uint32_t* w, int64_t, int64_t* y) {
    for (int j = 0; j < 32; ++j) {
      uint64_t u = wide(w, j);
      y[j] = int64_t(uint64_t(low) + (range ? uint64_t((unsigned __int128)u * range >> 64) : u));
    }
  });
}

void below(Draw draw, uint64_t block, int64_t n, uint64_t threshold, bool* out) {
  each_block<64>(draw, block, n, out, [&](const uint32_t* w, int64_t, bool* y) {
    for (int j = 0; j < 64; ++j) y[j] = w[j] < threshold;
  });
}

template <class T> void dropout(Draw draw, uint64_t block, int64_t n, uint64_t threshold, double scale, const void* from, void* to) {
  const T* x = static_cast<const T*>(from);
  const T factor = T(scale);
  const uint32_t last = uint32_t(threshold - 1);  // the largest word that drops; threshold is at least 1
  each_block<64>(draw, block, n, static_cast<T*>(to), [&](const uint32_t* w, int64_t at, T* y) {
    T given[64];
    if (at + 64 > n) std::memcpy(given, x + at, size_t(n - at) * sizeof(T));
    const T* v = at + 64 > n ? given : x + at;
    for (int j = 0; j < 64; ++j) y[j] = w[j] <= last ? T(0) : v[j] * factor;
  });
}

}  // namespace

void REEL_LEVEL_FUNCTION(random_loops)() {
  RandomLoops& l = random_loops;
  l.words = &words;
  l.first_two = &first_words<2>;
  l.first_eight = &first_words<8>;
  l.uniform[int(float32)] = &uniform<float>;
  l.uniform[int(float16)] = &uniform<Half>;
  l.uniform[int(bfloat16)] = &uniform<BFloat16>;
  l.uniform[int(float64)] = &uniform_double;
  l.normal[int(float32)] = &normal<float>;
  l.normal[int(float16)] = &normal<Half>;
  l.normal[int(bfloat16)] = &normal<BFloat16>;
  l.normal[int(float64)] = &normal_double;
  l.integers = &integers;
  l.below = &below;
  l.dropout[int(float32)] = &dropout<float>;
  l.dropout[int(float64)] = &dropout<double>;
}
}  // namespace reel

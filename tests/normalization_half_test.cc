// Normalizations of 16-bit values: read and answered in their own dtype, computed in float32.
#include <cmath>

#include "op_samples.h"
#include "stored_cases.h"

using namespace reel;
using namespace reel::test;

namespace {

struct Norm {
  const char* name;
  std::function<Tensor(const Tensor& x, const Tensor& gamma, const Tensor& beta)> call;
};
const Norm kBatch{"batch", [](const Tensor& x, const Tensor& g, const Tensor& b) { return batch_norm(x, g, b, {}, {}, {.training = true}); }};
const Norm kLayer{"layer", [](const Tensor& x, const Tensor& g, const Tensor& b) { return layer_norm(x, g, b); }};

// Float32's answers for the same numbers, rounded once; what belongs to gamma and beta stays float32. Sums run in the same order, so that
// every bit is the same.
void check_as_float32(const Norm& norm, const Tensor& x, const Tensor& gy, const Tensor& gamma, const Tensor& beta, bool create_graph = false) {
  DType t = x.dtype();
  Tensors low{variable(x), variable(gamma), variable(beta)}, wide{variable(cast(x, float32)), variable(clone(gamma)), variable(clone(beta))};
  Tensor y = norm.call(low[0], low[1], low[2]), z = norm.call(wide[0], wide[1], wide[2]);
  CHECK(same_bits(y, cast(z, t)));
  Tensors g = grad(y, low, {.gradient = gy, .create_graph = create_graph});
  Tensors expected = grad(z, wide, {.gradient = cast(gy, float32), .create_graph = create_graph});
  CHECK(same_bits(g[0], cast(expected[0], t)));
  CHECK(same_bits(g[1], expected[1]));
  CHECK(same_bits(g[2], expected[2]));
}

}  // namespace

// Widths around those of the vectors and strips that the loops work in; factors that make float16 subnormal, and infinite.
TEST_CASE("normalizations of 16 bits are those of float32, rounded once") {
  for (DType t : {bfloat16, float16})
    for (const Norm& norm : {kBatch, kLayer})
      for (int64_t n : {1, 3, 7, 15, 16, 17, 31, 33, 64, 100, 133, 5000})
        for (double factor : {1., 1e-6, 7e4}) {
          CAPTURE(name(t));
          CAPTURE(norm.name);
          CAPTURE(n);
          CAPTURE(factor);
          int64_t rows = n > 1000 ? 3 : 300;
          Tensor x = samples({rows, n}, t, -1, 3, 1), gy = samples({rows, n}, t, -1, 1, 2);
          check_as_float32(norm, x, gy, factor * samples({n}, float32, -1, 1, 3), samples({n}, float32, -1e-6, 1e-6, 4));
        }
}

TEST_CASE("normalizations of 16 bits agree with a float64 formula") {
  for (auto [t, unit] : {std::pair(bfloat16, 1. / 256), std::pair(float16, 1. / 2048)}) {
    Tensor x = samples({400, 37}, t, -1, 3, 1), gamma = samples({37}, float32, -1, 1, 2), beta = samples({37}, float32, -1, 1, 3);
    for (bool batch : {true, false}) {
      Tensor e = cast(x, float64), d = e - mean(e, batch ? 0 : 1, true);
      Tensor exact = d * rsqrt(mean(square(d), batch ? 0 : 1, true) + 1e-3) * cast(gamma, float64) + cast(beta, float64);
      Tensor y = (batch ? kBatch : kLayer).call(x, gamma, beta);
      // Half a unit of the answer, which lies below 4 in size, and some of float32's.
      CHECK(float(max(abs(exact)).item()) < 4);
      CHECK(StoredCases::distance(cast(y, float64), exact) <= 4 * unit / 2 + 1e-5);
    }
  }
}

TEST_CASE("normalizations of 16 bits over any axes and in any layout, and their recorded gradients") {
  const Norm axis1{"batch", [](const Tensor& x, const Tensor& g, const Tensor& b) { return batch_norm(x, g, b, {}, {}, {.axis = 1, .training = true}); }};
  const Norm ends{"ends", [](const Tensor& x, const Tensor& g, const Tensor& b) { return layer_norm(x, g, b, {0, -1}, 1e-5); }};
  for (DType t : {bfloat16, float16})
    for (bool create_graph : {false, true}) {
      Tensor x = samples({6, 7, 9}, t, -1, 2, 1), gy = samples({6, 7, 9}, t, -1, 1, 2);
      auto parameter = [&](const Shape& s) { return samples(s, float32, -1, 1, 3); };
      std::vector<Layout> xs = layouts(x);
      xs.push_back({"plain", x});
      for (const Layout& l : xs) {
        CAPTURE(l.name);
        check_as_float32(kBatch, l.x, gy, parameter({9}), parameter({9}), create_graph);
        check_as_float32(kLayer, l.x, gy, parameter({9}), parameter({9}), create_graph);
        check_as_float32(axis1, l.x, gy, parameter({7}), parameter({7}), create_graph);
        check_as_float32(ends, l.x, gy, parameter({6, 9}), parameter({6, 9}), create_graph);
      }
    }
}

TEST_CASE("normalizations of 16 bits of nothing, of one value, of infinities and NaN") {
  for (DType t : {bfloat16, float16}) {
    for (const Norm& norm : {kBatch, kLayer}) {
      for (const Shape& s : {Shape{0, 4}, Shape{0, 2, 4}}) {
        Tensor x = variable(empty(s, t)), gamma = variable(ones({4})), y = norm.call(x, gamma, {});
        CHECK(y.shape() == s);
        CHECK(y.dtype() == t);
        backward(sum(y));
        CHECK(gradient(x).dtype() == t);
        CHECK(max(abs(gradient(gamma))).item() == 0);
      }
      Tensor odd = clone(samples({40, 21}, t, -1, 1, 5));
      assign(odd[{3, 5}], INFINITY), assign(odd[{17, 20}], -INFINITY), assign(odd[{30, 0}], NAN);
      CHECK(same_bits(norm.call(odd, {}, {}), cast(norm.call(cast(odd, float32), {}, {}), t)));
    }
    CHECK(layer_norm(empty({3, 0}, t)).shape() == Shape{3, 0});
    Tensor one = variable(cast(tensor({{3., -2.}}), t)), y = batch_norm(one, {}, tensor({0.5, 0.25}), {}, {}, {.training = true});
    CHECK(float(y[{0, 0}].item()) == 0.5f);
    backward(y, {.gradient = ones_like(y)});
    CHECK(max(abs(gradient(one))).item() == 0);
  }
}

TEST_CASE("parameters and statistics beside 16-bit values keep their dtypes") {
  for (DType t : {bfloat16, float16}) {
    Tensor x = samples({50, 8}, t, -1, 2, 1), gy = samples({50, 8}, t, -1, 1, 2), gamma = samples({8}, t, 0, 1, 3), wide_gamma = variable(cast(gamma, float32));
    for (const Norm& norm : {kBatch, kLayer}) {
      // All in 16 bits: gamma's gradient is float32's, rounded.
      Tensor v = variable(gamma), y = norm.call(x, v, {});
      CHECK(y.dtype() == t);
      CHECK(same_bits(y, norm.call(x, cast(gamma, float32), {})));
      Tensor expected = grad(norm.call(x, wide_gamma, {}), {wide_gamma}, {.gradient = gy})[0];
      CHECK(same_bits(grad(y, {v}, {.gradient = gy})[0], cast(expected, t)));
      CHECK(norm.call(x, cast(gamma, float64), {}).dtype() == float64);
      CHECK(norm.call(cast(x, float32), gamma, {}).dtype() == float32);
    }
    Tensor mean = zeros({8}), variance = ones({8}), same_mean = zeros({8}), same_variance = ones({8});
    batch_norm(x, {}, {}, mean, variance, {.training = true});
    batch_norm(cast(x, float32), {}, {}, same_mean, same_variance, {.training = true});
    CHECK(same_bits(mean, same_mean));
    CHECK(same_bits(variance, same_variance));
    // Outside training, over any axis: gradients flow to the parameters and the statistics, too.
    for (int axis : {-1, 1}) {
      Tensor volume = reshape(x, {2, 8, 25}), given = variable(axis == 1 ? volume : transpose(volume, {0, 2, 1})), wide = variable(cast(detach(given), float32));
      Tensor slope = reshape(samples({400}, t, -1, 1, 2), given.shape()), v = variable(clone(variance)), wide_v = variable(clone(variance));
      Tensor at_rest = batch_norm(given, wide_gamma, {}, mean, v, {.axis = axis}), expected = batch_norm(wide, wide_gamma, {}, mean, wide_v, {.axis = axis});
      CHECK(same_bits(at_rest, cast(expected, t)));
      Tensors found = grad(at_rest, {given, wide_gamma, v}, {.gradient = slope});
      Tensors exact = grad(expected, {wide, wide_gamma, wide_v}, {.gradient = cast(slope, float32)});
      CHECK(same_bits(found[0], cast(exact[0], t)));
      // 50 products of at most 16 in size in another order: as many roundings of 2^-24 of sums below 1024.
      CHECK(StoredCases::distance(found[1], exact[1]) < 50 * 0x1p-24 * 1024);
      CHECK(StoredCases::distance(found[2], exact[2]) < 50 * 0x1p-24 * 1024);
    }
    // The other normalizations are computed in float32 and rounded once as well.
    Tensor images = reshape(x, {2, 25, 8}), wide_images = cast(images, float32), g = detach(wide_gamma);
    CHECK(same_bits(group_norm(images, 2, g, g), cast(group_norm(wide_images, 2, g, g), t)));
    CHECK(same_bits(instance_norm(images), cast(instance_norm(wide_images), t)));
    CHECK(same_bits(rms_norm(images, g), cast(rms_norm(wide_images, g), t)));
    CHECK(same_bits(unit_norm(images), cast(unit_norm(wide_images), t)));
    CHECK(same_bits(local_response_norm(images, 3), cast(local_response_norm(wide_images, 3), t)));
  }
}

TEST_CASE("normalizations of 16 bits take no float32 copy and leave none on the tape") {
  // 4 MiB; float32 copies would take 8 each. What blocks of rows found takes less than half of one.
  const int64_t bytes = 2 * 8192 * 256;
  for (const Norm& norm : {kBatch, kLayer}) {
    CAPTURE(norm.name);
    Tensor x = variable(samples({8192, 256}, bfloat16, -1, 1, 1)), gamma = variable(ones({256})), beta = variable(zeros({256})), gy = clone(detach(x));
    int64_t before = memory_stats().live_bytes;
    reset_peak_memory();
    Autocast scope(bfloat16);
    Tensor y = norm.call(x, gamma, beta);
    CHECK(memory_stats().peak_bytes - before < bytes + bytes / 2);
    CHECK(memory_stats().live_bytes - before < bytes + bytes / 100);  // y and the moments
    Tensors g = grad(y, {x, gamma, beta}, {.gradient = gy});
    CHECK(memory_stats().peak_bytes - before < 2 * bytes + bytes / 2);
    CHECK(g[0].dtype() == bfloat16);
    CHECK(g[1].dtype() == float32);
  }
  Tensor x = samples({8192, 256}, bfloat16, -1, 1, 1), one = ones({256}), zero = zeros({256});
  int64_t before = memory_stats().live_bytes;
  reset_peak_memory();
  CHECK(batch_norm(x, one, zero, zero, one).dtype() == bfloat16);
  CHECK(memory_stats().peak_bytes - before < bytes + bytes / 2);
}

TEST_CASE("normalizations of 16 bits have the same bits for one and two threads") {
  for (DType t : {bfloat16, float16}) {
    Tensor x = samples({3000, 33}, t, -1, 2, 6), gy = samples({3000, 33}, t, -1, 1, 7), g = samples({33}, float32, 0, 1, 8);
    for (const Norm& norm : {kBatch, kLayer}) {
      Tensors result[2];
      for (int threads = 1; threads <= 2; ++threads) {
        set_num_threads(threads);
        Tensor vx = variable(x), vg = variable(g), y = norm.call(vx, vg, {});
        backward(y, {.gradient = gy});
        result[threads - 1] = {y, gradient(vx), gradient(vg)};
      }
      set_num_threads(0);
      for (size_t i = 0; i < 3; ++i) CHECK(same_bits(result[0][i], result[1][i]));
    }
  }
}

TEST_CASE("3.4.80 keras-1.11: normalization layers of a mixed policy answer 16 bits, and their weights stay float32") {
  for (const char* policy : {"mixed_bfloat16", "mixed_float16"}) {
    nn::DtypePolicyScope scope(policy);
    DType low = nn::policy_dtype();
    Tensor x = samples({4, 6, 8}, low, -1, 2, 1);
    nn::BatchNormalization batch;
    nn::LayerNormalization layer;
    for (bool trains : {false, true}) {
      Training training(trains);
      CHECK(batch(x).dtype() == low);
      CHECK(layer(x).dtype() == low);
      CHECK(nn::GroupNormalization({.groups = 2})(x).dtype() == low);
      CHECK(nn::RMSNormalization()(x).dtype() == low);
      CHECK(nn::UnitNormalization()(x).dtype() == low);
      CHECK(batch(cast(x, float32)).dtype() == float32);  // takes what it gets
    }
    for (auto& [path, w] : nn::weights(batch)) CHECK_MESSAGE(w.value.dtype() == float32, path);
    nn::BatchNormalization fresh;
    fresh(x);
    Tensor moving = nn::weights(fresh)[2].second.value;
    Training training;
    Tensor y = fresh(x);
    CHECK(StoredCases::distance(moving, 0.01 * mean(cast(x, float32), {0, 1})) < 1e-6);
    backward(y, {.gradient = ones_like(y)});
    CHECK(gradient(nn::weights(fresh)[0].second.value).dtype() == float32);
    // What follows stays in 16 bits: nothing but weights is cast.
    nn::Conv2D a(4, 3, {.use_bias = false}), b(4, 3, {.use_bias = false});
    nn::BatchNormalization n1, n2;
    std::string text = tape(relu(n2(b(relu(n1(a(samples({2, 8, 8, 3}, low, -1, 1, 2))))))));
    size_t casts = 0;
    for (size_t at = 0; (at = text.find("= cast", at)) != std::string::npos; ++at) ++casts;
    CHECK_MESSAGE(casts == 2, text);
  }
}

// Mixed precision: what is cast, what is not, and that gradients, checkpoints and transformations go on with it.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <thread>

#include "autograd/hooks.h"
#include "reel.h"

using namespace reel;

namespace {

bool same(const Tensor& a, const Tensor& b) { return a.shape() == b.shape() && a.dtype() == b.dtype() && all(a == b).item<bool>(); }
float largest(const Tensor& x) { return float(max(abs(cast(x, float32))).item()); }

template <class F> std::string error_of(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("3.4.80 autocast: the lists are respected") {
  Tensor x = uniform({4, 6}, 0.1, 0.9), w = uniform({6, 3});
  for (DType low : {bfloat16, float16}) {
    Tensor y = cast(x, low);
    Autocast scope(low);
    CHECK(autocast_dtype() == low);
    // Products.
    CHECK(matmul(x, w).dtype() == low);
    CHECK(matmul(x, cast(w, low)).dtype() == low);
    CHECK(einsum("ij,jk->ik", {x, w}).dtype() == low);
    CHECK(conv2d(uniform({1, 5, 5, 2}), uniform({3, 3, 2, 4})).dtype() == low);
    CHECK(conv1d(uniform({1, 5, 2}), uniform({3, 2, 4})).dtype() == low);
    CHECK(conv_transpose2d(uniform({1, 5, 5, 2}), uniform({3, 3, 4, 2}), zeros({4})).dtype() == low);
    Tensor q = uniform({2, 5, 2, 4});
    CHECK(dot_product_attention(q, q, q).dtype() == low);
    CHECK(lstm(uniform({2, 3, 4}), uniform({4, 20}), uniform({5, 20})).sequence.dtype() == low);
    // What overflows or cancels.
    for (const Tensor& z : {exp(y), expm1(y), exp2(y), log(y), log1p(y), log2(y), log10(y), rsqrt(y), reciprocal(y), pow(y, 1.5), softplus(y), sinh(y),
                            arccos(y), erfinv(y), gammaln(y), softmax(y), log_softmax(y), logsumexp(y, 1), sum(y), mean(y), prod(y), var(y), cumsum(y, 0),
                            cumprod(y, 0), sparse_softmax_cross_entropy(y, randint({4}, 0, 6)), sigmoid_cross_entropy(y, x), nn::mean_squared_error(y, y)})
      CHECK(z.dtype() == float32);
    // What computes in float32 and answers what it gets, beside float32 parameters and statistics too.
    Tensor g = ones({6});
    for (const Tensor& z : {layer_norm(y, g, g), batch_norm(y, g, g, {}, {}, {.training = true}), batch_norm(y, g, g, g, g), group_norm(y, 2, g, g),
                            instance_norm(y), rms_norm(y, g), unit_norm(y), local_response_norm(y, 3)})
      CHECK(z.dtype() == low);
    CHECK(layer_norm(x).dtype() == float32);
    CHECK(batch_norm(x, {}, {}, {}, {}, {.training = true}).dtype() == float32);
    // All else takes what it gets.
    CHECK(relu(y).dtype() == low);
    CHECK(relu(x).dtype() == float32);
    CHECK((y + y).dtype() == low);
    CHECK((x + y).dtype() == float32);
    CHECK(max(y).dtype() == low);
    CHECK(concat({x, y}).dtype() == float32);
    CHECK(sqrt(y).dtype() == low);
    CHECK(gelu(y).dtype() == low);
    CHECK(max_pool2d(cast(uniform({1, 4, 4, 1}), low), 2).dtype() == low);
  }
}

TEST_CASE("3.4.80 autocast: what is neither float32 nor of 16 bits is not touched") {
  Autocast scope(bfloat16);
  Tensor x = uniform({3, 3}), d = cast(x, float64), i = randint({3, 3}, 0, 9), z = complex(x, x);
  CHECK(matmul(d, d).dtype() == float64);
  CHECK(matmul(x, d).dtype() == float64);
  Tensor exact;
  {
    Autocast off(float32);
    exact = matmul(x, d);
  }
  CHECK(same(matmul(x, d), exact));  // no operand lost bits on its way to float64
  CHECK(matmul(i, i).dtype() == int64);
  CHECK(matmul(z, z).dtype() == complex64);
  CHECK(sum(i).dtype() == int64);
  CHECK(exp(d).dtype() == float64);
  // Formulas whose answers would be worth little.
  CHECK(cov(x).dtype() == float32);
  CHECK(linalg::matrix_power(x, 3).dtype() == float32);
  CHECK(linalg::det(x).dtype() == float32);
  CHECK(linalg::inv(x).dtype() == float32);
}

TEST_CASE("3.4.80 autocast: kernels written in ops compute as without it") {
  Tensor a = uniform({5, 5}) + 5 * eye(5), pseudo = linalg::pinv(a);
  auto [q, r] = linalg::qr(a);
  Autocast scope(bfloat16);
  CHECK(same(linalg::pinv(a), pseudo));
  auto [again, upper] = linalg::qr(a);
  CHECK(same(again, q));
  CHECK(same(upper, r));
}

TEST_CASE("3.4.80 autocast: scopes nest, and end where they end") {
  Tensor x = uniform({3, 3});
  CHECK(autocast_dtype() == float32);
  CHECK(matmul(x, x).dtype() == float32);
  {
    Autocast outer(bfloat16);
    {
      Autocast inner(float16);
      CHECK(matmul(x, x).dtype() == float16);
      Autocast off(float32);
      CHECK(matmul(x, x).dtype() == float32);
      CHECK(exp(cast(x, bfloat16)).dtype() == bfloat16);
    }
    CHECK(matmul(x, x).dtype() == bfloat16);
    // Another thread has its own.
    std::thread([&] { CHECK(matmul(x, x).dtype() == float32); }).join();
  }
  CHECK(matmul(x, x).dtype() == float32);
  CHECK(error_of([] {
          Autocast scope(bfloat16);
          throw Error("left");
        }) == "left");
  CHECK(autocast_dtype() == float32);
  std::string text = error_of([] { Autocast wrong(int32); });
  CHECK(text.find("Autocast: computes in float16 or bfloat16") != std::string::npos);
  CHECK(text.find("int32") != std::string::npos);
  CHECK(text.find("autocast_test.cc") != std::string::npos);
  CHECK_THROWS_AS(Autocast{float64}, DTypeError);
  CHECK(autocast_dtype() == float32);
}

TEST_CASE("3.4.80 autocast: gradients arrive in the dtype of the variable and near those of float32") {
  set_random_seed(1);
  Tensor x = normal({32, 24}), w1 = variable(normal({24, 40}, 0, 0.2)), b1 = variable(normal({40})), w2 = variable(normal({40, 8}, 0, 0.2)),
         y = randint({32}, 0, 8);
  auto loss = [&] {
    Tensor h = relu(add_bias(matmul(x, w1), b1));
    return nn::sparse_categorical_crossentropy(y, matmul(h, w2), {.from_logits = true});
  };
  Tensors by{w1, b1, w2}, exact = grad(loss(), by);
  // A sum of products of numbers with a relative error of u each is off by at most 2u (and second order) of the sum of their magnitudes;
  // four products lie between a gradient and its inputs, each followed by a rounding: 4 (2 + 1) u of the largest gradient, if no sum
  // cancels to less than half of what was added. bfloat16 has u = 2^-8, float16 2^-11.
  for (auto [low, unit] : {std::pair(bfloat16, 1. / 256), std::pair(float16, 1. / 2048)}) {
    Autocast scope(low);
    Tensors rough = grad(loss(), by);
    for (size_t i = 0; i < by.size(); ++i) {
      CHECK(rough[i].dtype() == float32);
      CHECK(rough[i].shape() == by[i].shape());
      CHECK(largest(rough[i] - exact[i]) < 24 * unit * largest(exact[i]));
      CHECK(!same(rough[i], exact[i]));  // 16 bits were there
    }
  }
}

TEST_CASE("3.4.80 autocast: the gradient of a weight is a sum in float32 that nothing rounds") {
  set_random_seed(6);
  for (DType low : {bfloat16, float16})
    for (auto [m, k, n] : {std::array<int64_t, 3>{4, 5, 6}, {130, 70, 90}, {64, 300, 200}}) {
      auto rounded = [&](const Shape& s) { return cast(normal(s), low); };
      Tensor x = rounded({m, k}), w = variable(normal({k, n}, 0, 0.1)), gy = rounded({m, n});
      Tensor y;
      {
        Autocast scope(low);
        y = matmul(x, w);
      }
      Tensor exact = matmul(transpose(cast(x, float64)), cast(gy, float64));
      // m products, each exact in float32: m roundings of 2^-24 of sums no larger than the largest.
      CHECK(largest(cast(grad(y, {w}, {.gradient = gy})[0], float64) - exact) <= double(m) * std::ldexp(1., -24) * largest(exact) * 2);
      // The cast itself has gradients of its own dtype, asked for or hooked.
      Tensor c = cast(w, low), z = matmul(x, c);
      CHECK(grad(z, {c}, {.gradient = gy})[0].dtype() == low);
      std::vector<DType> met;
      on_gradient(c, [&](const Tensor& g) {
        met.push_back(g.dtype());
        return g;
      });
      CHECK(grad(matmul(x, c), {w}, {.gradient = gy})[0].dtype() == float32);
      CHECK(met == std::vector<DType>{low});
      // Second order: the same gradient, recorded.
      Tensor g = grad(matmul(x, cast(w, low)), {w}, {.gradient = gy, .create_graph = true})[0];
      CHECK(largest(cast(g, float64) - exact) <= largest(exact) / 128);  // rounded to 16 bits once
    }
}

TEST_CASE("5.50 autocast: backward and second-order gradients run without it") {
  Tensor w = variable(uniform({3, 3})), x = uniform({2, 3});
  std::vector<DType> met;
  Autocast scope(bfloat16);
  Tensor y = matmul(x, w), z = matmul(cast(y, float32), uniform({3, 3}));
  CHECK(z.dtype() == bfloat16);
  Tensor free = matmul(uniform({3, 3}), uniform({3, 3}));
  on_gradient(w, [&](const Tensor& g) {
    met.push_back(matmul(g, g).dtype());
    return g;
  });
  backward(sum(z));
  CHECK(met == std::vector<DType>{float32});
  CHECK(gradient(w).dtype() == float32);

  // A float32 product that was recorded outside has its gradients in float32, bit by bit, wherever it is replayed.
  Tensor v = variable(uniform({4, 4})), inside, outside, loss;
  auto cubed = [&] { return sum(square(matmul(matmul(v, v), v))); };
  {
    Autocast off(float32);
    loss = cubed();
    outside = grad(sum(square(grad(cubed(), {v}, {.create_graph = true})[0])), {v})[0];
  }
  Tensor first = grad(loss, {v}, {.create_graph = true})[0];
  Tensor sum_of_squares;
  {
    Autocast off(float32);
    sum_of_squares = sum(square(first));
  }
  inside = grad(sum_of_squares, {v})[0];
  CHECK(same(inside, outside));
}

TEST_CASE("5.50 autocast: a variable is cast once, and again after it changed") {
  Tensor w = variable(uniform({3, 3})), x = uniform({2, 3});
  auto casts = [&](const Tensor& loss) {
    std::string text = tape(loss);
    int n = 0;
    for (size_t at = 0; (at = text.find("= cast", at)) != std::string::npos; ++at) ++n;
    return n;
  };
  Autocast scope(bfloat16);
  Tensor a = cast(x, bfloat16);
  CHECK(casts(sum(matmul(a, w))) == 2);  // of w, and of what is summed
  CHECK(casts(sum(matmul(a, w) + matmul(a, w))) == 2);
  Tensor before = autocast_to(w, bfloat16);
  CHECK(autocast_to(w, bfloat16).get() == before.get());
  {
    Autocast inner(float16);  // shares the outermost scope's
    CHECK(autocast_to(w, bfloat16).get() == before.get());
    CHECK(autocast_to(w, float16).dtype() == float16);
  }
  {
    NoGrad no_grad;
    assign(w, 2 * w);
  }
  CHECK(same(autocast_to(w, bfloat16), cast(w, bfloat16)));
  CHECK(!same(autocast_to(w, bfloat16), before));
  // Optimizers write in place, too.
  backward(sum(matmul(a, w)));
  nn::SGD({.learning_rate = 0.5}).step({w});
  CHECK(same(matmul(a, w), matmul(a, cast(w, bfloat16))));
  // A cast made under NoGrad is no use to a recorded product.
  {
    NoGrad no_grad;
    assign(w, 0.5 * w);
    CHECK(!matmul(a, w).has_history());
  }
  CHECK(matmul(a, w).has_history());
}

TEST_CASE("5.50 autocast: casts end with the outermost scope") {
  Tensor w = variable(uniform({300, 300}));
  int64_t before = memory_stats().live_bytes;
  {
    Autocast scope(bfloat16);
    (void)matmul(w, w);
    CHECK(memory_stats().live_bytes >= before + 300 * 300 * 2);
  }
  CHECK(memory_stats().live_bytes == before);
}

TEST_CASE("3.4.80 autocast: gradients of a shared cast add up, in one tape and in several") {
  Tensor w = variable(uniform({3, 3})), x = cast(uniform({2, 3}), bfloat16), z = cast(uniform({2, 3}), bfloat16);
  auto one = [&](const Tensor& v) {
    Autocast scope(bfloat16);
    return grad(sum(matmul(v, w)), {w})[0];
  };
  Tensor expected = one(x) + one(z);
  Autocast scope(bfloat16);
  // Both are sums of bfloat16 numbers, rounded once more when the cast adds them in bfloat16: 2^-8 of the sum.
  Tensor together = grad(sum(matmul(x, w)) + sum(matmul(z, w)), {w})[0];
  CHECK(largest(together - expected) <= largest(expected) / 256);
  // Two tapes over one cast, each replayed once.
  Tensor a = sum(matmul(x, w)), b = sum(matmul(z, w));
  backward(a);
  backward(b);
  CHECK(same(gradient(w), expected));
  clear_gradient(w);
  // Gradients that accumulate over batches within one scope.
  for (const Tensor& v : {x, z}) backward(sum(matmul(v, w)));
  CHECK(same(gradient(w), expected));
}

TEST_CASE("3.4.80 5.73 autocast: a checkpoint runs again as it ran first") {
  set_random_seed(3);
  Tensor w = variable(normal({16, 16}, 0, 0.3)), v = variable(normal({16, 16}, 0, 0.3)), x = variable(normal({4, 16}));
  auto body = [&](const Tensor& h) { return tanh(matmul(tanh(matmul(h, w)), w)); };
  auto loss = [&](bool checkpointed, CheckpointOptions o = {}) {
    Tensor h = matmul(x, v);  // its cast lies before the region
    h = matmul(h, w);         // and so does one of w
    return sum(checkpointed ? checkpoint(body, h, o) : body(h));
  };
  for (CheckpointOptions o : {CheckpointOptions{}, CheckpointOptions{.verify = true}, CheckpointOptions{.keep = keep_products, .verify = true}}) {
    Tensor plain, again;
    {
      Autocast scope(bfloat16);
      plain = loss(false), again = loss(true, o);
      CHECK(same(plain, again));
    }
    // The replays run outside of the scope, or inside of another.
    Tensors expected = grad(plain, {w, v, x});
    Autocast other(float16);
    Tensors found = grad(again, {w, v, x});
    // The region's own cast of w rounds the sum of its contributions before those from outside are added: one rounding apart.
    for (size_t i = 0; i < found.size(); ++i) CHECK(largest(found[i] - expected[i]) <= largest(expected[i]) / 128);
    CHECK(same(found[2], expected[2]));
  }
}

TEST_CASE("3.4.80 autocast: vmap, jvp, profiles and the check for NaN") {
  Tensor w = variable(uniform({3, 3})), x = uniform({5, 3});
  Autocast scope(bfloat16);
  auto f = [&](const Tensors& in) { return Tensors{softmax(matmul(in[0], w))}; };
  Tensor plain = f({x})[0];
  Tensor mapped = vmap([&](const Tensors& in) { return Tensors{squeeze(f({expand_dims(in[0], 0)})[0], 0)}; })({x})[0];
  CHECK(mapped.dtype() == float32);
  CHECK(largest(mapped - plain) < 1e-6f);  // the same bfloat16 products, softmax in another order of sums
  Dual d = jvp(f, {x}, {ones_like(x)});
  CHECK(same(d.value[0], plain));
  CHECK(d.tangent[0].dtype() == float32);
  Tensor exact;
  {
    Autocast off(float32);
    exact = jvp(f, {x}, {ones_like(x)}).tangent[0];
  }
  CHECK(largest(d.tangent[0] - exact) < 0.02f);  // 2^-8 of tangents below 1, for the product and its tangent, and a rounding of each
  ModeScope check(kCheckNan, 0);
  CHECK_NOTHROW(f({x}));
  Autocast half(float16);
  std::string text = error_of([&] { matmul(1e6f * x, w); });
  CHECK(text.find("cast: the result is not finite") != std::string::npos);
}

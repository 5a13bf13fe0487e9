// The programs of docs/autograd.md, compiled and run.
#include <doctest/doctest.h>

#include <complex>

#include <reel.h>

using namespace reel;

TEST_CASE("autograd: gradients as values") {
Tensor x = variable(tensor({1., 2.})), y = exp(x), z = sum(x * x);
Tensors g = grad(Tensors{y, z}, {x}, {.gradients = {tensor({3., -1.}), Tensor()}});
  CHECK(g[0].at<float>(0) == doctest::Approx(3 * 2.7182818 + 2));
}

TEST_CASE("autograd: hooks") {
  Tensor x = ones({1, 2}), w = variable(ones({2, 1}));
Tensor h = tanh(matmul(x, w));
on_gradient(h, [](const Tensor& g) { return clip(g, -1, 1); });
Hook after = after_accumulation(w, [](const Tensor& v) { print("w moved by " + to_string(gradient(v)) + "\n"); });
backward(sum(h));
after.remove();
  CHECK(gradient(w).at<float>(0, 0) > 0);
}

TEST_CASE("autograd: a gradient of one's own") {
  Tensor x = variable(tensor({2., 0.1}));
auto clipped = custom_gradient([](const Tensor& x) { return x; }, [](const Tensor& gy) { return clip(gy, -1, 1); });
auto cube = custom_gradient([](const Tensor& x) { return x * x * x; }, [](const Tensor& gy, const Tensor& x) { return 3 * gy * x * x; });
Tensor total = sum(clipped(cube(x)));
  backward(total);
  CHECK(gradient(x).at<float>(0) == 12);
}

TEST_CASE("autograd: checkpoints") {
  Tensor x = variable(ones({4, 3})), a = variable(ones({3, 3})), b = variable(ones({3, 3}));
auto block = [&](const Tensor& x) { return dropout(tanh(matmul(tanh(matmul(x, a)), b)), 0.1); };
Tensor out = checkpoint(block, x, {.keep = keep_products});
  backward(sum(out));
  CHECK(gradient(a));
}

TEST_CASE("autograd: writing in place") {
  Tensor w = variable(ones({2}));
Tensor out = zeros({3, 2});
for (int i = 0; i < 3; ++i) out[i] = w * i;
backward(sum(out * out));
  CHECK(gradient(w).at<float>(0) == 2 * (1 + 4));
}

TEST_CASE("autograd: tangents, Jacobians, batches") {
  Tensor x = tensor({0.5, 1.}), w = ones({3, 2}), images = ones({4, 3}), labels = zeros({4}, int64);
Function f([](const Tensor& x) { return sum(tanh(x) * x); });
Dual d = jvp(f, {x}, {ones({2})});              // f(x), and its derivative along ones, in one pass and without a tape
Tensor j = jacobian([](const Tensor& x) { return sin(x) * sum(x); }, x);
Tensor curvature = hvp(f, x, ones({2})).product;  // the Hessian times a vector
Function loss([](const Tensor& w, const Tensor& x, const Tensor& label) { return sparse_softmax_cross_entropy(matmul(x, w), label); });
Tensor each = vmap(grad(loss), {.in_axes = {kNoAxis, 0, 0}})({w, images, labels})[0];
  CHECK(d.tangent[0].size() == 1);
  CHECK(j.shape() == Shape{2, 2});
  CHECK(curvature.shape() == Shape{2});
  CHECK(each.shape() == Shape{4, 3, 2});
}

TEST_CASE("autograd: complex numbers") {
  Tensor signal = variable(sin(arange(64) * 0.3)), matrix = tensor({{0., 1.}, {-1., 0.}});
Tensor spectrum = fft::rfft(signal);                        // [n / 2 + 1] coefficients
Tensor power = sum(square(abs(spectrum)));
Tensor back = fft::irfft(spectrum * exp(std::complex<double>(0, 0.5) * fft::rfftfreq(64)), {.n = 64});
backward(power + sum(square(back)));                        // through spectra as through anything else
auto [values, vectors] = linalg::eig(matrix);               // of any square matrix: complex
  CHECK(gradient(signal).shape() == Shape{64});
  CHECK(max(abs(real(values))).item() < 1e-6);
  CHECK(vectors.dtype() == complex64);
}

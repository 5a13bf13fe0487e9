// The CUDA backend against the CPU's results. Where no GPU is, the tests that need one say so and pass.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>

#include "op_samples.h"
#include "tensor/backend.h"
#include "tensor/ops/copy_ops.h"
#include "tensor/ops/matmul_op.h"
#include "tensor/ops/reduce_ops.h"

using namespace reel;
using namespace reel::test;

namespace {

constexpr DType kAll[] = {boolean, uint8, int8, int16, int32, int64, float16, bfloat16, float32, float64};

bool no_gpu() {
  if (available(cuda())) return false;
  std::puts("skipped: no GPU");
  return true;
}

Tensors on_gpu(const Tensors& host) {
  Tensors moved;
  for (const Tensor& x : host) moved.push_back(to(x, cuda()));
  return moved;
}

// "" when the GPU's answer is the CPU's within what both may be off: CUDA's functions are exact to 4 ulp or better (CUDA C++
// Programming Guide, "Mathematical Functions"), single arithmetic operations are rounded correctly on both.
std::string differs(const Tensor& gpu, const Tensor& host, const ElementwiseRow& row) {
  if (gpu.device() != cuda()) return "the answer is not on the GPU: " + describe(gpu);
  if (gpu.dtype() != host.dtype()) return "the answer is " + describe(gpu);
  double ulps = row.ulps <= 1 ? row.ulps : 2 * row.ulps + 4;
  if (host.dtype() == float16 || host.dtype() == bfloat16) ulps = std::max(ulps, 1.);
  return compare(to(gpu, cpu()), to_array(host), ulps, 2 * row.atol);
}

// x on the GPU in layouts that are not row-major.
std::vector<Layout> gpu_layouts(const Tensor& x) {
  NoGrad no_grad;
  std::vector<Layout> all;
  Tensor flat = empty({x.size() + 1}, x.dtype());
  assign(flat[{slice(1, {})}], reshape(x, {-1}));
  all.push_back({"offset by one", reshape(to(flat, cuda())[{slice(1, {})}], x.shape())});
  all.push_back({"transposed", transpose(to(clone(transpose(x)), cuda()))});
  Shape wide = x.shape();
  wide[-1] *= 2;
  Tensor every_second = zeros(wide, x.dtype());
  assign(every_second[{ellipsis, slice({}, {}, 2)}], x);
  all.push_back({"step 2", to(every_second, cuda())[{ellipsis, slice({}, {}, 2)}]});
  all.push_back({"flipped", flip(to(clone(flip(x, -1)), cuda()), -1)});
  return all;
}

}  // namespace

TEST_CASE("a device that is not there is a DeviceError with the line, and nothing changes") {
  Device missing = available(cuda()) ? cuda(63) : cuda();
  Tensor x = variable(tensor({1.f, 2.f}));
  CHECK(!available(missing));
  std::string said;
  try {
    to(x, missing);
  } catch (const DeviceError& e) {
    said = e.what();
  }
  CHECK(said.find("no device cuda") == 0);
  CHECK(said.find("cuda_test.cc:") != std::string::npos);
  CHECK(x.device() == cpu());
  CHECK(same_bits(x, tensor({1.f, 2.f})));
  CHECK_THROWS_AS(zeros({2}, float32, missing), DeviceError);
  CHECK_THROWS_AS(empty({2}, float32, missing), DeviceError);
  CHECK((x + 1).device() == cpu());
}

TEST_CASE("assigning to a symbolic tensor is a DeviceError") {
  Tensor x = Tensor(new_body({2}, float32, symbolic(), {}));
  CHECK_THROWS_AS(assign(x, x), DeviceError);
}

TEST_CASE("loading the CUDA module fills the op table that this program sees") {
#ifdef REEL_HAVE_CUDA
  available(cuda());
  constexpr int kAt = int(DeviceType::kCuda);
  for (const ElementwiseOp& op : elementwise_ops()) {
    CAPTURE(op.name);
    CHECK(bool(op.type->kernels[kAt]));
  }
  CHECK(bool(op_type<Cast>().kernels[kAt]));
  CHECK(bool(op_type<Copy>().kernels[kAt]));
  CHECK(bool(op_type<Fill>().kernels[kAt]));
  CHECK(bool(op_type<Sum>().kernels[kAt]));
  CHECK(bool(op_type<Matmul>().kernels[kAt]));
#else
  std::puts("skipped: built without the CUDA module");
#endif
}

TEST_CASE("values travel to a GPU and back in every dtype, shape and layout") {
  if (no_gpu()) return;
  for (DType t : kAll)
    for (const Shape& s : {Shape{}, Shape{0}, Shape{1}, Shape{3, 0, 2}, Shape{5, 7}, Shape{1000, 1001}}) {
      CAPTURE(name(t));
      CAPTURE(to_string(s));
      Tensor x = samples(s, t, -5, 5, 3), y = to(x, cuda());
      CHECK(y.device() == cuda());
      CHECK(same_bits(to(y, cpu()), x));
      if (s.rank() == 2) CHECK(same_bits(to(transpose(y), cpu()), contiguous(transpose(x))));
      CHECK(same_bits(to(clone(y), cpu()), x));
    }
  CHECK(to(tensor({3.f}), cuda()).item<float>() == 3.f);
  CHECK_THROWS_AS(to(tensor({3.f}), cuda()).values<float>(), DeviceError);
  CHECK_THROWS_AS(to(tensor({3.f}), cuda()) + tensor({3.f}), DeviceError);
}

TEST_CASE("every elementwise op on a GPU agrees with the CPU in every dtype") {
  if (no_gpu()) return;
  for (const ElementwiseOp& op : elementwise_ops()) {
    const ElementwiseRow* row = &op.row;
    if (!row->formula) continue;
    for (DType t : kAll) {
      if (!takes(op.types, t)) continue;
      CAPTURE(op.name);
      CAPTURE(name(t));
      for (const Shape& s : {Shape{}, Shape{0}, Shape{7}, Shape{37, 29}, Shape{64, 1024}}) {
        Tensors in = operands(op, t, std::vector<Shape>(size_t(op.arity), s), op.domain, 3);
        CHECK(differs(op.call(on_gpu(in)), op.call(in), *row) == "");
      }
    }
  }
}

TEST_CASE("every elementwise op on a GPU broadcasts and takes any layout") {
  if (no_gpu()) return;
  const std::vector<std::vector<Shape>> shapes{{{2, 1, 3}, {4, 1}, {3}}, {{}, {2, 3}, {2, 1}}, {{70, 131}, {131}, {}}, {{1, 3}, {0, 3}, {}}};
  for (const ElementwiseOp& op : elementwise_ops()) {
    const ElementwiseRow* row = &op.row;
    if (!row->formula) continue;
    CAPTURE(op.name);
    for (const std::vector<Shape>& s : shapes) {
      Tensors in = operands(op, op.types & kFloats ? float32 : int32, s, op.domain, 5);
      CHECK(differs(op.call(on_gpu(in)), op.call(in), *row) == "");
    }
    for (DType t : {float32, float16, float64, int8}) {
      if (!takes(op.types, t)) continue;
      CAPTURE(name(t));
      Tensors in = operands(op, t, {{70, 131}, {70, 131}, {70, 131}}, op.domain, 21), plain = on_gpu(in);
      Tensor expected = to(op.call(plain), cpu());
      std::vector<Layout> first = gpu_layouts(in[0]), last = gpu_layouts(in.back());
      for (size_t k = 0; k < first.size(); ++k) {
        CAPTURE(first[k].name);
        Tensors mixed = plain;
        mixed[0] = first[k].x;
        CHECK(same_bits(to(op.call(mixed), cpu()), expected));
        mixed.back() = last[k].x;
        CHECK(same_bits(to(op.call(mixed), cpu()), expected));
      }
    }
  }
}

TEST_CASE("casts, fills and assignments on a GPU agree with the CPU") {
  if (no_gpu()) return;
  NoGrad no_grad;
  Tensor special = tensor({0., -0., 1.5, -1.5, 2.5, 300., -300., 1e10, -1e10, 1e20, 1e-7, 6e-8, 65519., 65520., INFINITY, -INFINITY, NAN}, float64);
  for (DType from : kAll)
    for (DType as : kAll) {
      CAPTURE(name(from));
      CAPTURE(name(as));
      Tensor x = cast(special, from);
      Array expected = to_array(cast(x, as));
      CHECK(compare(to(cast(to(x, cuda()), as), cpu()), expected, 0, 0) == "");
      Tensor wide = zeros({2, x.size(), 3}, as, cuda());
      assign(wide[{1, slice({}, {}, -1), 2}], to(x, cuda()));
      Tensor host = zeros({2, x.size(), 3}, as);
      assign(host[{1, slice({}, {}, -1), 2}], x);
      CHECK(compare(to(wide, cpu()), to_array(host), 0, 0) == "");
    }
  for (DType t : kAll) {
    CHECK(same_bits(to(full({1000, 3}, 1, t, cuda()), cpu()), full({1000, 3}, 1, t)));
    CHECK(same_bits(to(zeros({0, 3}, t, cuda()), cpu()), zeros({0, 3}, t)));
  }
  Tensor x = to(samples({4, 5}, float32, -1, 1, 1), cuda()), h = to(x, cpu());
  x += 1;
  h += 1;
  x[{slice(1, 3)}] *= 2;
  h[{slice(1, 3)}] *= 2;
  x[0] = x[1];
  h[0] = h[1];
  CHECK(same_bits(to(x, cpu()), h));
}

TEST_CASE("sums over any axes on a GPU agree with float64 and repeat to the bit") {
  if (no_gpu()) return;
  struct Case { Shape shape; Axes axes; };
  const Case cases[] = {{{}, {}}, {{1}, {}}, {{7}, 0}, {{100003}, {}}, {{300, 5}, 0}, {{300, 5}, 1}, {{5, 3000}, 1}, {{3000, 70}, 0}, {{4, 5, 6, 7}, {0, 2}},
                        {{4, 5, 6, 7}, {1, 3}}, {{4, 5, 6, 7}, {}}, {{2, 100, 3, 50}, {1, 3}}, {{0, 3}, 0}, {{3, 0}, 1}, {{3, 0}, 0}, {{1, 1, 9}, {0, 1}}};
  for (const Case& c : cases)
    for (DType t : kAll) {
      CAPTURE(to_string(c.shape));
      CAPTURE(name(t));
      Tensor x = samples(c.shape, t, is_floating(t) ? 0.5 : -5, is_floating(t) ? 1.5 : 5, 17), g = to(x, cuda());
      Array expected = to_array(sum(cast(x, is_floating(t) ? float64 : int64), c.axes));
      Tensor y = sum(g, c.axes);
      CHECK(y.dtype() == accumulated(t));
      // Like the CPU's: each partial sum has at most some dozen roundings in a row that matter.
      CHECK(compare(to(y, cpu()), expected, 16, 0) == "");
      CHECK(same_bits(to(sum(g, c.axes), cpu()), to(y, cpu())));
      if (c.shape.rank() == 2) CHECK(compare(to(sum(transpose(g), 1 - c.axes.at[0]), cpu()), expected, 16, 0) == "");
    }
  Tensor big = ones({1 << 14, 1 << 12}, float32, cuda());
  CHECK(sum(big).item() == double(1 << 26));
  CHECK(mean(big).item() == 1);
  CHECK(same_bits(to(sum(big, 0), cpu()), full({1 << 12}, 1 << 14)));
  CHECK(same_bits(to(sum(big, 1), cpu()), full({1 << 14}, 1 << 12)));
}

TEST_CASE("matrix products on a GPU agree with float64 in every layout, stack and dtype") {
  if (no_gpu()) return;
  const std::vector<std::pair<Shape, Shape>> shapes{{{4, 8}, {8, 3}}, {{1, 8}, {8, 1}}, {{128, 65}, {65, 96}}, {{5, 4, 8}, {5, 8, 3}}, {{5, 4, 8}, {8, 3}},
                                                    {{2, 1, 4, 8}, {3, 8, 5}}, {{2, 3, 4, 8}, {1, 3, 8, 2}}, {{4, 0}, {0, 3}}, {{0, 8}, {8, 3}}, {{8}, {8}}, {{3, 8}, {8}}};
  for (auto& [a, b] : shapes)
    for (DType t : {float16, bfloat16, float32, float64}) {
      CAPTURE(to_string(a) + " with " + to_string(b));
      CAPTURE(name(t));
      Tensor x = samples(a, t, -1, 1, 1), y = samples(b, t, -1, 1, 2), gx = to(x, cuda()), gy = to(y, cuda());
      Array expected = to_array(matmul(cast(x, float64), cast(y, float64)));
      // Of k products of numbers below 1, each rounded once when added: k / 2 epsilons and the last rounding.
      double k = double(a[-1]);
      double atol = t == float32 || t == float64 ? k : k * epsilon(float32) / epsilon(t);
      CHECK(compare(to(matmul(gx, gy), cpu()), expected, 1, atol) == "");
      if (x.rank() < 2 || y.rank() < 2 || x.size() == 0) continue;
      Tensor tx = swapaxes(to(clone(swapaxes(x, -1, -2)), cuda()), -1, -2), ty = swapaxes(to(clone(swapaxes(y, -1, -2)), cuda()), -1, -2);
      CHECK(compare(to(matmul(tx, gy), cpu()), expected, 1, atol) == "");
      CHECK(compare(to(matmul(gx, ty), cpu()), expected, 1, atol) == "");
      CHECK(compare(to(matmul(tx, ty), cpu()), expected, 1, atol) == "");
      CHECK(compare(to(matmul(gpu_layouts(x)[2].x, gpu_layouts(y)[3].x), cpu()), expected, 1, atol) == "");
      CHECK(compare(to(matmul(flip(to(clone(flip(x, 0)), cuda()), 0), gy), cpu()), expected, 1, atol) == "");
    }
  // TF32 would keep ten bits of these.
  Tensor fine = full({64, 64}, 1. + 0x1p-12, float32, cuda());
  CHECK(compare(to(matmul(fine, fine), cpu()), to_array(full({64, 64}, 64 * (1. + 0x1p-12) * (1. + 0x1p-12), float64)), 4, 0) == "");
}

TEST_CASE("gradients travel through to(x, device)") {
  if (no_gpu()) return;
  Tensor w = variable(samples({3, 4}, float32, -1, 1, 5)), x = samples({2, 3}, float32, -1, 1, 6);
  Tensor host = grad(sum(square(tanh(matmul(x, w)))), {w})[0];
  Tensor moved = grad(sum(square(tanh(matmul(to(x, cuda()), to(w, cuda()))))), {w})[0];
  CHECK(moved.device() == cpu());
  CHECK(compare(moved, to_array(host), 16, 16) == "");
  Tensor back = grad(sum(exp(to(to(w, cuda()) * 2, cpu()))), {w})[0];
  CHECK(compare(back, to_array(grad(sum(exp(w * 2)), {w})[0]), 8, 0) == "");
}

TEST_CASE("a training step on a GPU ends where the CPU's does") {
  if (no_gpu()) return;
  auto trained = [](Device device) {
    Tensor x = to(samples({32, 10}, float32, -1, 1, 1), device), y = to(samples({32, 1}, float32, -1, 1, 2), device);
    Tensor w = variable(to(samples({10, 16}, float32, -0.3, 0.3, 3), device)), b = variable(zeros({16}, float32, device));
    Tensor v = variable(to(samples({16, 1}, float32, -0.3, 0.3, 4), device));
    for (int step = 0; step < 20; ++step) {
      Tensors g = grad(mean(square(matmul(relu(matmul(x, w) + b), v) - y)), {w, b, v});
      NoGrad no_grad;
      w -= 0.1 * g[0];
      b -= 0.1 * g[1];
      v -= 0.1 * g[2];
    }
    return Tensors{to(detach(w), cpu()), to(detach(b), cpu()), to(detach(v), cpu())};
  };
  Tensors gpu = trained(cuda()), host = trained(cpu());
  // Twenty steps of rounding, each far below the learning rate.
  for (size_t i = 0; i < gpu.size(); ++i) CHECK(compare(gpu[i], to_array(host[i]), 64, 64) == "");
}

TEST_CASE("what a GPU cannot do is an error that names it") {
  if (no_gpu()) return;
  CHECK_THROWS_AS(zeros({int64_t(1) << 46}, float32, cuda()), OutOfMemory);
  Tensor x = ones({4, 4}, float32, cuda());
  CHECK(sum(x).item() == 16);
  CHECK_THROWS_AS(matmul(cast(x, int32), cast(x, int32)), DTypeError);
  CHECK_THROWS_AS(assign(x, ones({4, 4})), ShapeError);
  std::string said;
  try {
    softmax(x);
  } catch (const DeviceError& e) {
    said = e.what();
  }
  CHECK(said.find("softmax: no cuda kernel (has: cpu)") == 0);
}

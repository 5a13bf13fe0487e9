// Every op from its row in op_samples: values, gradients of both orders, broadcasting, layouts, empties and dtypes.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "autograd/gradcheck.h"
#include "op_samples.h"

using namespace reel;
using namespace reel::test;

namespace {

constexpr DType kAll[] = {boolean, uint8, int8, int16, int32, int64, float16, bfloat16, float32, float64};

std::vector<Shape> equal_shapes(const ElementwiseOp& op, const Shape& s) { return std::vector<Shape>(size_t(op.arity), s); }

// The formula on broadcast operands, one element at a time.
Array evaluate(const ElementwiseRow& row, const Tensors& in, const Shape& shape, DType stored = float64) {
  Arrays a;
  for (const Tensor& x : in) a.push_back(to_array(x));
  Array y(std::vector<int64_t>(shape.begin(), shape.end()));
  y.each([&](const std::vector<int64_t>& index) {
    double x[4];
    for (size_t k = 0; k < a.size(); ++k) {
      std::vector<int64_t> own(index.end() - std::ptrdiff_t(a[k].dims.size()), index.end());
      for (size_t i = 0; i < own.size(); ++i)
        if (a[k].dims[i] == 1) own[i] = 0;
      x[k] = a[k](own);
    }
    y(index) = row.formula(x);
    if (stored == uint8) y(index) -= 256 * std::floor(y(index) / 256);  // integers wrap
    if (stored == int8) y(index) -= 256 * std::floor((y(index) + 128) / 256);
    if (stored == boolean && row.bits) y(index) = double(int64_t(y(index)) & 1);
  });
  return y;
}

DType expected_dtype(const ElementwiseOp& op, DType t) {
  if (op.answers_bool) return boolean;
  return takes(op.types, t) ? t : float32;
}
// Arithmetic on bool is refused where bool has no such operation, and floats where only integers have one; functions of floats take
// bools as 0 and 1.
bool refuses(const ElementwiseOp& op, DType t) {
  return (t == boolean && !(op.types & kBools) && (op.types & kInts)) || (is_floating(t) && !(op.types & kFloats));
}

std::vector<Domain> domains(Domain own, const std::vector<Domain>& more) {
  std::vector<Domain> all{own};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

TEST_CASE("every elementwise op has a row of samples") {
  for (const ElementwiseOp& op : elementwise_ops()) {
    CAPTURE(op.name);
    CHECK((op.row.formula != nullptr));
  }
}

TEST_CASE("every elementwise op agrees with a float64 formula in every dtype") {
  for (const ElementwiseOp& op : elementwise_ops()) {
    const ElementwiseRow* row = &op.row;
    if (!row->formula) continue;
    for (DType t : kAll) {
      CAPTURE(op.name);
      CAPTURE(name(t));
      if (refuses(op, t)) {
        CHECK_THROWS_AS(op.call(operands(op, t, equal_shapes(op, {3}), op.domain, 1)), DTypeError);
        continue;
      }
      for (Domain d : is_floating(t) ? domains(op.domain, row->more) : std::vector<Domain>{op.domain}) {
        if (t == float16) d.low = std::max(d.low, -8.), d.high = std::min(d.high, 8.);
        Tensors in = operands(op, t, equal_shapes(op, {37, 29}), d, 3);
        Tensor y = op.call(in);
        CHECK(y.dtype() == expected_dtype(op, t));
        CHECK(compare(y, evaluate(*row, in, {37, 29}, y.dtype()), std::max(row->ulps, is_floating(t) ? 0. : 1.), row->atol) == "");
      }
    }
  }
}

TEST_CASE("every elementwise op at zeros, subnormals, extremes, infinities and NaN") {
  const double specials[] = {0., -0., 1., -1., 0.5, -0.5, 1e-40, -1e-40, 1.1754944e-38, 3.4028234e38, -3.4028234e38, INFINITY, -INFINITY, NAN, 700., -700., 100., -100.};
  for (const ElementwiseOp& op : elementwise_ops()) {
    const ElementwiseRow* row = &op.row;
    // These have tests of their own: the float formulas of the first two lose the sign of zero and of infinity, the third's is only near.
    if (!row->formula || refuses(op, float32) || op.name == "remainder" || op.name == "floor_divide" || op.name == "nextafter") continue;
    for (DType t : {float32, float64}) {
      Tensors in;
      int64_t n = int64_t(std::size(specials)), total = op.arity == 1 ? n : n * n;
      for (int k = 0; k < op.arity; ++k) {
        Tensor x = empty({total}, float64);
        for (int64_t i = 0; i < total; ++i) x.raw<double>()[i] = specials[k + 1 == op.arity ? i % n : i / n];
        in.push_back(cast(x, k == 0 && op.first_is_bool ? boolean : t));
      }
      Tensor y = op.call(in);
      Array expected = evaluate(*row, in, {total}), got = to_array(y);
      for (int64_t i = 0; i < total; ++i) {
        CAPTURE(op.name);
        CAPTURE(name(t));
        double a = to_array(in[0]).v[size_t(i)], b = to_array(in.back()).v[size_t(i)], e = expected.v[size_t(i)], g = got.v[size_t(i)];
        CAPTURE(a);
        CAPTURE(b);
        // NaN wins in maximum and minimum, where the library's fmax and fmin ignore it.
        bool extreme = op.name == "maximum" || op.name == "minimum";
        if (extreme && (std::isnan(a) || std::isnan(b))) e = NAN;
        if (y.dtype() != boolean) e = t == float32 ? double(float(e)) : e;
        // Products that overflow inside a formula of several factors, such as x * x * x, may give NaN on both sides or on one.
        bool composed = op.name.ends_with("_grad") || op.name == "gelu" || op.name == "silu";
        if (composed && (std::fabs(a) > 1e30 || std::fabs(b) > 1e30 || std::fabs(b) >= 100)) continue;
        CHECK(std::isnan(g) == std::isnan(e));
        if (std::isnan(e)) continue;
        CHECK(std::isinf(g) == std::isinf(e));
        if (std::isinf(e)) CHECK(g == e);
        else CHECK(std::fabs(g - e) <= std::max(4., row->ulps) * epsilon(t) * std::fabs(e) + row->atol * epsilon(t) + (t == float32 ? 0x1p-125 : 0x1p-1022));
      }
    }
  }
}

TEST_CASE("gradients of every elementwise op, first and second order") {
  for (const ElementwiseOp& op : elementwise_ops()) {
    const ElementwiseRow* row = &op.row;
    if (!row->formula || refuses(op, float64)) continue;
    CAPTURE(op.name);
    for (Domain d : domains(op.domain, row->more)) {
      if (std::fabs(d.low) > 9 || d.high > 25 || (d.low > 0 && d.low < 1e-3)) continue;  // a step of 1e-6 says little about slopes there
      CAPTURE(d.low);
      Tensors in = operands(op, float64, equal_shapes(op, {2, 3}), d, 11);
      if (op.answers_bool) {
        for (Tensor& x : in) x = variable(x);
        CHECK(!op.call(in).has_history());
        continue;
      }
      Tensor condition = op.first_is_bool ? in[0] : Tensor();
      if (condition) in.erase(in.begin());
      std::string problem = gradcheck([&](const Tensors& x) {
        Tensors all = x;
        if (condition) all.insert(all.begin(), condition);
        return op.call(all);
      }, in, {.rtol = 1e-5, .atol = 1e-7, .second_order = true});
      CHECK(problem == "");
    }
  }
}

TEST_CASE("every op of several operands broadcasts, with gradients of exactly the operands' shapes") {
  const std::vector<std::vector<Shape>> pairs{{{2, 1, 3}, {4, 1}}, {{}, {2, 3}}, {{2, 3}, {}}, {{3}, {2, 1}}, {{1, 1}, {2}}, {{2, 0}, {1}}, {{1, 3}, {0, 3}}};
  const std::vector<Shape> results{{2, 4, 3}, {2, 3}, {2, 3}, {2, 3}, {1, 2}, {2, 0}, {0, 3}};
  for (const ElementwiseOp& op : elementwise_ops()) {
    const ElementwiseRow* row = &op.row;
    if (!row->formula || op.arity < 2 || refuses(op, float64)) continue;
    CAPTURE(op.name);
    for (size_t k = 0; k < pairs.size(); ++k) {
      std::vector<Shape> shapes = pairs[k];
      if (op.arity == 3) shapes.push_back(shapes[0]);
      CAPTURE(to_string(shapes[0]) + " with " + to_string(shapes[1]));
      Tensors in = operands(op, float64, shapes, op.domain, 5);
      CHECK(compare(op.call(in), evaluate(*row, in, results[k]), row->ulps, row->atol) == "");
      if (op.answers_bool) continue;
      Tensors x = in;
      for (Tensor& t : x)
        if (t.dtype() != boolean) t = variable(t);
      Tensor y = op.call(x);
      CHECK(y.shape() == results[k]);
      Tensor gy = samples(y.shape(), float64, 0.5, 1.5, 9);
      backward(y, {.gradient = gy});
      for (size_t i = 0; i < x.size(); ++i) {
        if (x[i].dtype() == boolean) continue;
        CAPTURE(i);
        CHECK(gradient(x[i]).shape() == x[i].shape());
        CHECK(gradient(x[i]).dtype() == float64);
        // The same gradient from operands that were spread out beforehand, summed here by hand.
        Tensors spread;
        for (const Tensor& t : in) spread.push_back(clone(broadcast_to(t, y.shape())));
        spread[i] = variable(spread[i]);
        Array full = to_array(grad(op.call(spread), {spread[i]}, {.gradient = gy})[0]), sums(to_array(in[i]).dims);
        full.each([&](const std::vector<int64_t>& index) {
          std::vector<int64_t> own(index.end() - std::ptrdiff_t(sums.dims.size()), index.end());
          for (size_t a = 0; a < own.size(); ++a)
            if (sums.dims[a] == 1) own[a] = 0;
          sums(own) += full(index);
        });
        CHECK(compare(gradient(x[i]), sums, 16, 16) == "");
      }
    }
    Tensors wrong = operands(op, float64, {{2, 3}, {4}, {2, 3}}, op.domain, 5);
    CHECK_THROWS_AS(op.call(wrong), ShapeError);
  }
}

TEST_CASE("every elementwise op on no elements and on no axes") {
  for (const ElementwiseOp& op : elementwise_ops()) {
    const ElementwiseRow* row = &op.row;
    if (!row->formula || refuses(op, float32)) continue;
    CAPTURE(op.name);
    for (const Shape& s : {Shape{}, Shape{0}, Shape{2, 0, 3}, Shape{1}}) {
      CAPTURE(to_string(s));
      for (DType t : {float32, float16}) {
        Tensors in = operands(op, t, equal_shapes(op, s), op.domain, 8);
        CHECK(compare(op.call(in), evaluate(*row, in, s), row->ulps + 1, row->atol) == "");
        if (op.answers_bool) continue;
        for (Tensor& x : in)
          if (x.dtype() != boolean) x = variable(x);
        backward(sum(op.call(in)));
        CHECK(gradient(in.back()).shape() == s);
      }
    }
  }
}

TEST_CASE("every elementwise op gives the same bits whatever the layout") {
  for (const ElementwiseOp& op : elementwise_ops()) {
    for (DType t : kAll) {
      if (refuses(op, t)) continue;
      for (const Shape& s : {Shape{70, 131}, Shape{3, 5, 2}}) {
        Tensors in = operands(op, t, equal_shapes(op, s), op.domain, 21);
        Tensor plain = op.call(in);
        std::vector<std::vector<Layout>> other;
        for (const Tensor& x : in) other.push_back(layouts(x));
        for (size_t k = 0; k < other[0].size(); ++k) {
          CAPTURE(op.name);
          CAPTURE(name(t));
          CAPTURE(other[0][k].name);
          Tensors same, mixed = in;
          for (auto& o : other) same.push_back(o[k].x);
          mixed[0] = other[0][k].x;
          CHECK(same_bits(op.call(same), plain));
          CHECK(same_bits(op.call(mixed), plain));
        }
      }
    }
  }
}

// --- rows of structured ops -------------------------------------------------------------------------------------------------------

namespace {
Tensors operands(const Row& r, DType t) {
  Tensors in;
  for (size_t i = 0; i < r.shapes.size(); ++i) in.push_back(samples(r.shapes[i], t, r.low, r.high, i + 31));
  return in;
}
Array evaluate(const Row& r, const Tensors& in) {
  Arrays a;
  for (const Tensor& x : in) a.push_back(to_array(x));
  return r.formula(a);
}
}  // namespace

TEST_CASE("every structured op agrees with a float64 formula in every dtype") {
  for (const Row& r : rows())
    for (DType t : kAll) {
      CAPTURE(r.name);
      CAPTURE(name(t));
      Tensors in = operands(r, t);
      if (!takes(r.types, t)) {
        CHECK_THROWS_AS(r.call(in), DTypeError);
        continue;
      }
      Tensor y = r.call(in);
      CHECK(y.dtype() == r.answers(t));
      CHECK(compare(y, evaluate(r, in), r.ulps, r.atol) == "");
    }
}

TEST_CASE("gradients of every structured op, first and second order") {
  for (const Row& r : rows()) {
    CAPTURE(r.name);
    Tensors in = operands(r, one_of(r.types));
    if (r.differentiable) {
      CHECK(gradcheck([&](const Tensors& x) { return r.call(x); }, in, {.rtol = 1e-5, .atol = 1e-7, .second_order = true}) == "");
    } else {
      for (Tensor& x : in)
        if (is_floating(x.dtype())) x = variable(x);
      CHECK(!r.call(in).has_history());
    }
  }
}

TEST_CASE("gradients of every structured op have their operands' shapes and dtypes") {
  for (const Row& r : rows()) {
    if (!r.differentiable) continue;
    for (DType t : {float16, bfloat16, float32}) {
      CAPTURE(r.name);
      CAPTURE(name(t));
      Tensors in = operands(r, t);
      for (Tensor& x : in) x = variable(x);
      Tensor y = r.call(in);
      backward(y, {.gradient = ones_like(y)});
      for (const Tensor& x : in) {
        CHECK(gradient(x).shape() == x.shape());
        CHECK(gradient(x).dtype() == t);
      }
    }
  }
}

TEST_CASE("every structured op gives the same bits whatever the layout") {
  for (const Row& r : rows())
    for (DType t : {float32, float64, float16, int32, boolean}) {
      if (!takes(r.types, t)) continue;
      Tensors in = operands(r, t);
      Tensor plain = r.call(in);
      std::vector<std::vector<Layout>> other;
      size_t count = 8;
      for (const Tensor& x : in) {
        other.push_back(layouts(x));
        count = std::min(count, other.back().size());
      }
      for (size_t k = 0; k < count; ++k) {
        CAPTURE(r.name);
        CAPTURE(name(t));
        CAPTURE(other[0][k].name);
        Tensors same;
        for (auto& o : other) same.push_back(o[k].x);
        if (r.same_bits) CHECK(same_bits(r.call(same), plain));
        else CHECK(compare(r.call(same), to_array(plain), r.ulps, r.atol) == "");
      }
    }
}

#include "op_samples.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <map>

namespace reel::test {

Array::Array(std::vector<int64_t> d, double fill) : dims(std::move(d)) {
  int64_t n = 1;
  for (int64_t k : dims) n *= k;
  v.assign(size_t(n), fill);
}
size_t Array::at(const std::vector<int64_t>& index) const {
  int64_t i = 0;
  for (size_t k = 0; k < dims.size(); ++k) i = i * dims[k] + index[k];
  return size_t(i);
}
void Array::each(const std::function<void(const std::vector<int64_t>&)>& f) const {
  std::vector<int64_t> index(dims.size(), 0);
  for (size_t count = v.size(); count--;) {
    f(index);
    for (size_t k = dims.size(); k--;) {
      if (++index[k] < dims[k]) break;
      index[k] = 0;
    }
  }
}

Array to_array(const Tensor& x) {
  Array a(std::vector<int64_t>(x.shape().begin(), x.shape().end()));
  const Body& b = x.body();
  a.each([&](const std::vector<int64_t>& index) {
    int64_t at = 0;
    for (size_t k = 0; k < index.size(); ++k) at += index[k] * b.strides[k];
    a(index) = visit(b.dtype, [&]<class T>(T*) {
      T v = static_cast<const T*>(b.data)[at];
      if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) return double(float(v));
      else return double(v);
    });
  });
  return a;
}

Tensor samples(const Shape& shape, DType dtype, double low, double high, uint64_t seed) {
  NoGrad no_grad;
  Tensor x = empty(shape, float64);
  seed = seed * 0x9E3779B97F4A7C15u + 1;
  for (int64_t i = 0; i < x.size(); ++i) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    double u = double(seed >> 11) * 0x1p-53;
    double& v = x.raw<double>()[i];
    if (is_floating(dtype)) v = low + u * (high - low);
    else if (dtype == boolean) v = u < 0.5;
    else v = std::ceil(low) + std::floor(u * (std::floor(high) - std::ceil(low) + 1));
    if (dtype == uint8) v = std::fabs(v);
  }
  return cast(x, dtype);
}

std::vector<Layout> layouts(const Tensor& x) {
  NoGrad no_grad;
  std::vector<Layout> all;
  Tensor flat = empty({x.size() + 1}, x.dtype());
  Tensor shifted = reshape(flat[{slice(1, {})}], x.shape());
  assign(shifted, x);
  all.push_back({"offset by one", shifted});
  if (x.rank() == 0) return all;
  all.push_back({"transposed", transpose(clone(transpose(x)))});
  Shape wide = x.shape();
  wide[-1] *= 2;
  Tensor every_second = empty(wide, x.dtype())[{ellipsis, slice({}, {}, 2)}];
  assign(every_second, x);
  all.push_back({"step 2", every_second});
  all.push_back({"flipped", flip(clone(flip(x, -1)), -1)});
  if (x.rank() > 1) all.push_back({"rows flipped", flip(clone(flip(x, 0)), 0)});
  return all;
}

double epsilon(DType t) {
  return t == float64 ? 0x1p-52 : t == float32 ? 0x1p-23 : t == float16 ? 0x1p-10 : t == bfloat16 ? 0x1p-7 : 0;
}

std::string compare(const Tensor& got, const Array& expected, double ulps, double atol) {
  Array g = to_array(got);
  if (g.dims != expected.dims) return "shape " + to_string(got.shape()) + ", expected " + to_string(Shape(expected.dims));
  double eps = epsilon(got.dtype());
  // The largest value before infinity, and the smallest step of subnormals.
  double most = got.dtype() == float16 ? 65504 : is_floating(got.dtype()) && got.dtype() != float64 ? std::numeric_limits<float>::max() : INFINITY;
  double least = got.dtype() == float16 ? 0x1p-24 : got.dtype() == float64 ? 0x1p-1074 : 0x1p-126;
  for (size_t i = 0; i < g.v.size(); ++i) {
    double e = expected.v[i], y = g.v[i];
    if (got.dtype() == boolean) e = e != 0;
    if (std::isnan(e) && std::isnan(y)) continue;
    if (e == y) continue;
    if (std::isinf(y) && std::fabs(e) > most * (1 - eps) && (e > 0) == (y > 0)) continue;
    if (std::fabs(e - y) <= ulps * eps * std::fabs(e) + atol * eps + (eps ? 2 * least : 0)) continue;
    char text[160];
    std::snprintf(text, sizeof text, "element %zu of %s%s is %.17g, expected %.17g", i, name(got.dtype()), to_string(got.shape()).c_str(), y, e);
    return text;
  }
  return "";
}

bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || !(a.shape() == b.shape())) return false;
  Tensor x = contiguous(detach(a)), y = contiguous(detach(b));
  return x.size() == 0 || std::memcmp(x.raw(), y.raw(), size_t(x.bytes())) == 0;
}

namespace {
// Rows may be added before or after this file's statics run.
std::vector<Row>& all_rows() {
  static std::vector<Row> r;
  return r;
}
std::vector<ElementwiseOp>& all_elementwise() {
  static std::vector<ElementwiseOp> r;
  return r;
}
}  // namespace
const std::vector<ElementwiseOp>& elementwise_ops() { return all_elementwise(); }
void AddElementwise::add(ElementwiseOp op, const std::vector<ElementwiseRow>& rows) {
  if (!(op.types & kAny)) return;  // of complex numbers alone: complex_test.cc
  for (const ElementwiseRow& r : rows)
    if (r.name == op.name) op.row = r;
  all_elementwise().push_back(std::move(op));
}
Tensors operands(const ElementwiseOp& op, DType t, const std::vector<Shape>& shapes, Domain d, uint64_t seed) {
  Tensors in;
  bool integers = !is_floating(t);
  for (int i = 0; i < op.arity; ++i) {
    DType own = i == 0 && op.first_is_bool ? boolean : t;
    double low = integers ? -5 : d.low, high = integers ? 5 : d.high;
    if (integers && op.name == "power") low = i ? 0 : -3, high = i ? 4 : 3;
    if (integers && i == 1 && (op.name == "floor_divide" || op.name == "remainder" || op.name == "divide" || op.name == "fmod")) low = 1;
    in.push_back(samples(shapes[size_t(i)], own, low, high, seed * 7 + uint64_t(i)));
  }
  return in;
}
const std::vector<Row>& rows() { return all_rows(); }
AddRows::AddRows(std::vector<Row> more) {
  for (Row& r : more) all_rows().push_back(std::move(r));
}

std::function<Array(const Arrays&)> each_element(double (*f)(const double* x)) {
  return [f](const Arrays& a) {
    Array y(a[0].dims);
    for (size_t i = 0; i < y.v.size(); ++i) {
      double x[4];
      for (size_t k = 0; k < a.size(); ++k) x[k] = a[k].v[i];
      y.v[i] = f(x);
    }
    return y;
  };
}

}  // namespace reel::test

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
}  // namespace
const std::vector<Row>& rows() { return all_rows(); }
AddRows::AddRows(std::vector<Row> more) {
  for (Row& r : more) all_rows().push_back(std::move(r));
}

// --- elementwise ops, in the order of elementwise_list.h --------------------------------------------------------------------------

namespace {

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }
double erf_of(double x) { return std::erf(x); }
double gelu_slope(double x) { return 0.5 * (1 + erf_of(x / std::sqrt(2.))) + x * std::exp(-x * x / 2) / std::sqrt(2 * M_PI); }

#define REEL_F(expression) [](const double* x) -> double { return expression; }
const std::vector<ElementwiseRow> elementwise{
    {"add", REEL_F(x[0] + x[1]), {}, 1, 1},
    {"negative", REEL_F(-x[0]), {}, 0},
    {"subtract", REEL_F(x[0] - x[1]), {}, 1, 1},
    {"multiply", REEL_F(x[0] * x[1]), {}, 1},
    {"gated_multiply", REEL_F(x[0] == 0 ? 0 : x[0] * x[1]), {}, 1},
    {"reciprocal", REEL_F(1 / x[0]), {{-3, -0.3}}, 1},
    {"divide", REEL_F(x[0] / x[1]), {{-3, -0.3}}, 1},
    {"floor_divide", REEL_F(std::floor(x[0] / x[1])), {{-3, -0.3}}, 0},
    {"remainder", REEL_F(x[0] - std::floor(x[0] / x[1]) * x[1]), {{-3, -0.3}}, 1, 4},
    {"power", REEL_F(std::pow(x[0], x[1])), {}, 2},
    {"maximum", REEL_F(std::fmax(x[0], x[1])), {}, 0},
    {"minimum", REEL_F(std::fmin(x[0], x[1])), {}, 0},
    {"arctan2", REEL_F(std::atan2(x[0], x[1])), {{-2, -0.2}}, 2},
    {"less", REEL_F(x[0] < x[1]), {}, 0},
    {"less_equal", REEL_F(x[0] <= x[1]), {}, 0},
    {"greater", REEL_F(x[0] > x[1]), {}, 0},
    {"greater_equal", REEL_F(x[0] >= x[1]), {}, 0},
    {"equal", REEL_F(x[0] == x[1]), {}, 0},
    {"not_equal", REEL_F(x[0] != x[1]), {}, 0},
    {"logical_and", REEL_F(x[0] != 0 && x[1] != 0), {}, 0},
    {"logical_or", REEL_F(x[0] != 0 || x[1] != 0), {}, 0},
    {"logical_not", REEL_F(x[0] == 0), {}, 0},
    {"isnan", REEL_F(std::isnan(x[0])), {}, 0},
    {"isfinite", REEL_F(std::isfinite(x[0])), {}, 0},
    {"where", REEL_F(x[0] != 0 ? x[1] : x[2]), {}, 0},
    {"abs", REEL_F(std::fabs(x[0])), {{-2, -0.2}}, 0},
    {"sign", REEL_F(std::isnan(x[0]) ? x[0] : double(x[0] > 0) - double(x[0] < 0)), {{-2, -0.2}}, 0},
    {"square", REEL_F(x[0] * x[0]), {}, 1},
    {"sqrt", REEL_F(std::sqrt(x[0])), {}, 1},
    {"rsqrt", REEL_F(1 / std::sqrt(x[0])), {}, 2},
    {"exp", REEL_F(std::exp(x[0])), {{-80, 80}}},
    {"expm1", REEL_F(std::expm1(x[0])), {{-10, 10}, {-1e-4, 1e-4}}},
    {"log", REEL_F(std::log(x[0])), {{1e-6, 1e-3}, {100, 1e6}}},
    {"log1p", REEL_F(std::log1p(x[0])), {{-1e-4, 1e-4}, {100, 1e6}}},
    {"sin", REEL_F(std::sin(x[0])), {{-100, 100}}, 2},
    {"cos", REEL_F(std::cos(x[0])), {{-100, 100}}, 2},
    {"tan", REEL_F(std::tan(x[0])), {}, 2},
    {"arctan", REEL_F(std::atan(x[0])), {{-100, 100}}, 2},
    {"erf", REEL_F(std::erf(x[0])), {{-6, 6}}},
    {"floor", REEL_F(std::floor(x[0])), {{-7.8, -7.2}}, 0},
    {"ceil", REEL_F(std::ceil(x[0])), {{-7.8, -7.2}}, 0},
    {"trunc", REEL_F(std::trunc(x[0])), {{-7.8, -7.2}}, 0},
    {"round", REEL_F(std::nearbyint(x[0])), {{-7.4, -6.6}}, 0},
    {"clip", REEL_F(x[0] < -1 ? -1 : x[0] > 1 ? 1 : x[0]), {{1.1, 3}, {-3, -1.1}}, 0},
    {"relu_grad", REEL_F(x[1] > 0 ? x[0] : 0), {{-2, -0.2}}, 0},
    {"relu", REEL_F(x[0] < 0 ? 0 : x[0]), {{-2, -0.2}}, 0},
    {"tanh_grad", REEL_F(x[0] * (1 - x[1] * x[1])), {}, 4, 4},
    {"tanh", REEL_F(std::tanh(x[0])), {{-0.01, 0.01}, {-20, 20}}},
    {"sigmoid_grad", REEL_F(x[0] * (x[1] * (1 - x[1]))), {}, 4, 4},
    {"sigmoid", REEL_F(sigmoid_of(x[0])), {{-80, 80}}},
    {"softplus", REEL_F((x[0] > 0 ? x[0] : 0) + std::log1p(std::exp(-std::fabs(x[0])))), {{-80, 80}}},
    {"gelu_grad", REEL_F(x[0] * gelu_slope(x[1])), {}, 4, 4},
    {"gelu", REEL_F(x[0] * 0.5 * (1 + erf_of(x[0] / std::sqrt(2.)))), {{-6, 6}}, 4, 4},
    {"silu_grad", REEL_F(x[0] * (sigmoid_of(x[1]) + x[1] * sigmoid_of(x[1]) * (1 - sigmoid_of(x[1])))), {}, 4, 4},
    {"silu", REEL_F(x[0] * sigmoid_of(x[0])), {{-80, 80}}},
    {"leaky_relu", REEL_F(x[0] > 0 ? x[0] : 0.2 * x[0]), {{-2, -0.2}}, 1},
    {"elu", REEL_F(x[0] > 0 ? x[0] : std::expm1(x[0])), {{-20, -0.2}}},
    {"sigmoid_cross_entropy", REEL_F((x[0] < 0 ? 0 : x[0]) - x[0] * x[1] + std::log1p(std::exp(-std::fabs(x[0])))), {}, 4, 8},
};
#undef REEL_F

}  // namespace

const ElementwiseRow* elementwise_row(const std::string& name) {
  for (const ElementwiseRow& r : elementwise)
    if (r.name == name) return &r;
  return nullptr;
}

}  // namespace reel::test

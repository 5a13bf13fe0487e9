#include "autograd/gradcheck.h"

#include <cmath>
#include <cstdio>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/complex.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/reduce.h"

namespace reel {
namespace {

// Fixed weights in [0.5, 1.5), another for every element: a sum alone would hide errors that cancel.
Tensor weights(const Shape& shape, uint64_t seed) {
  Tensor w = empty(shape, float64);
  for (int64_t i = 0; i < w.size(); ++i) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    w.raw<double>()[i] = 0.5 + double(seed >> 40) / double(1 << 24);
  }
  return w;
}

// sum(f(x) * w), or with order 2: sum over inputs of gradient * direction, itself to be differentiated.
struct Function {
  TensorFunction f;
  void* context;
  int order;
  // Of complex values the parts, each with weights of its own.
  static Tensor weighted(const Tensor& y, uint64_t salt) {
    Tensor s = sum(real(y) * weights(y.shape(), salt));
    return is_complex(y.dtype()) ? s + sum(imag(y) * weights(y.shape(), salt + 1000)) : s;
  }
  Tensor operator()(const Tensors& x) const {
    Tensor s = weighted(f(context, x), 1);
    if (order == 1) return s;
    Tensors g = grad(s, x, {.create_graph = true, .allow_unused = true});
    Tensor total;
    for (size_t i = 0; i < g.size(); ++i) {
      if (!g[i]) continue;
      Tensor part = weighted(g[i], i + 2);
      total = total ? total + part : part;
    }
    return total ? total : sum(real(x[0])) * 0.;
  }
};

std::string check(const Function& f, const Tensors& points, const GradcheckOptions& o) {
  Tensors x;
  for (const Tensor& p : points) {
    if (part_dtype(p.dtype()) != float64) return "gradcheck needs float64 or complex128 points, got " + describe(p);
    x.push_back(variable(clone(detach(p))));
  }
  Tensor y = f(x);
  Tensors g(x.size());
  if (y.has_history()) g = grad(y, x, {.allow_unused = true});
  for (size_t k = 0; k < x.size(); ++k) {
    double* p = x[k].raw<double>();
    for (int64_t i = 0; i < x[k].size() * (is_complex(x[k].dtype()) ? 2 : 1); ++i) {  // the parts of complex numbers one by one
      double at = p[i], h = o.step * std::max(1., std::fabs(at));
      p[i] = at + h;
      double high = f(x).item();
      p[i] = at - h;
      double low = f(x).item();
      p[i] = at;
      double expected = (high - low) / (2 * h), got = g[k] ? contiguous(g[k]).raw<double>()[i] : 0;
      if (std::fabs(expected - got) <= o.atol + o.rtol * std::fabs(expected)) continue;
      char text[256];
      std::snprintf(text, sizeof text, "order %d, input %zu, element %lld: gradient %.9g, finite difference %.9g", f.order, k, static_cast<long long>(i), got,
                    expected);
      return text;
    }
  }
  return "";
}

}  // namespace

std::string gradcheck_function(TensorFunction f, void* context, const Tensors& points, const GradcheckOptions& options) {
  std::string problem = check({f, context, 1}, points, options);
  if (problem.empty() && options.second_order) problem = check({f, context, 2}, points, options);
  return problem;
}

}  // namespace reel

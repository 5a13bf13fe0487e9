#pragma once
// A formula: a function written in ops. What its ops record and what their errors say is the line of the formula's caller, not the
// library's own:
//   Tensor lerp(const Tensor& a, const Tensor& b, double t, Where where) { return formula(where, [&] { return a + t * (b - a); }); }
#include "tensor/error.h"
#include "tensor/mode.h"

namespace reel {

namespace detail {
// The caller of the outermost formula that runs, while kFormula is set.
extern thread_local Where formula_line __attribute__((tls_model("initial-exec")));
}  // namespace detail

class FormulaScope {
 public:
  explicit FormulaScope(Where where) : outermost_(!(detail::mode & kFormula)) {
    if (!outermost_) return;
    detail::formula_line = where;
    detail::mode |= kFormula;
  }
  ~FormulaScope() {
    if (outermost_) detail::mode &= ~kFormula;
  }
  FormulaScope(const FormulaScope&) = delete;

 private:
  bool outermost_;
};

template <class F> decltype(auto) formula(Where where, F&& f) {
  FormulaScope scope(where);
  return located(where, f);
}

}  // namespace reel

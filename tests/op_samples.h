#pragma once
// One row for every op: what to call, an independent float64 formula, where the samples lie. every_op_test.cc derives all the checks
// (values, gradients, broadcasting, layouts, dtypes) from it. Each family has its rows in a file of its own:
//   static const AddElementwise here(TrigonometricOps{}, {{"sin", REEL_F(std::sin(x[0])), {{-100, 100}}, 2}, ...});
//   static const AddRows here({{.name = "conv2d", .shapes = {...}, .call = ..., .formula = ...}});
#include <functional>
#include <string>
#include <vector>

#include "reel.h"

namespace reel::test {

// A float64 array without any cleverness: what formulas read and answer.
struct Array {
  std::vector<int64_t> dims;
  std::vector<double> v;
  explicit Array(std::vector<int64_t> d = {}, double fill = 0);
  size_t at(const std::vector<int64_t>& index) const;
  double& operator()(const std::vector<int64_t>& index) { return v[at(index)]; }
  double operator()(const std::vector<int64_t>& index) const { return v[at(index)]; }
  // Calls f(index) for every element, in row-major order.
  void each(const std::function<void(const std::vector<int64_t>&)>& f) const;
};
using Arrays = std::vector<Array>;
Array to_array(const Tensor& x);  // of any dtype and layout

// An elementwise op, one element at a time; where it is sampled beyond the op's own Domain; how exact the answer is.
struct ElementwiseRow {
  std::string name;  // the op's name
  double (*formula)(const double* x) = nullptr;  // null: the row is missing
  std::vector<Domain> more = {};  // further intervals for all operands, smooth ones only
  double ulps = 4;                // of the answer's dtype, computed in that dtype
  double atol = 0;                // for sums that cancel, in units of the dtype's epsilon
  bool bits = false;              // on bool the formula's lowest bit counts
};
#define REEL_F(expression) [](const double* x) -> double { return expression; }

// What every_op_test knows of an elementwise op: its struct's constants, and the row.
struct ElementwiseOp {
  std::string name;
  int arity;
  Types types;
  Domain domain;
  bool answers_bool, first_is_bool;
  const OpType* type;
  Tensor (*call)(const Tensors& in);
  ElementwiseRow row;
};
const std::vector<ElementwiseOp>& elementwise_ops();
struct AddElementwise {
  template <class... O> AddElementwise(OpList<O...>, const std::vector<ElementwiseRow>& rows) {
    (add({O::name, O::arity, O::types, O::domain, O::answers_bool, O::first_is_bool, &op_type<O>(),
          [](const Tensors& in) { return apply(O{}, in, Where{}); }, {}}, rows), ...);
  }

 private:
  static void add(ElementwiseOp op, const std::vector<ElementwiseRow>& rows);
};
// Samples of op's operands; integers come from a few whose results fit eight bits.
Tensors operands(const ElementwiseOp& op, DType t, const std::vector<Shape>& shapes, Domain d, uint64_t seed);

// Any other op, or an elementwise one with attributes.
struct Row {
  std::string name;
  std::vector<Shape> shapes;  // of the operands
  std::function<Tensor(const Tensors&)> call;
  std::function<Array(const Arrays&)> formula;
  double low = -2, high = 2;  // of the samples; integers are drawn from the integers inside
  Types types = kAny;         // dtypes it takes; the others must throw a typed error
  // The answer's dtype for a dtype it takes.
  std::function<DType(DType)> answers = [](DType t) { return t; };
  bool differentiable = true;
  bool reads_values = false;  // looks at them on the host: inside vmap and jvp that is a DeviceError
  double ulps = 16, atol = 4;  // of the answer's dtype; atol in its epsilons
  bool same_bits = true;       // whatever the layout; products choose their kernel, and so the order of a sum, by it
};
const std::vector<Row>& rows();
struct AddRows { explicit AddRows(std::vector<Row> more); };
// The formula of a row whose operands have one shape, one element at a time.
std::function<Array(const Arrays&)> each_element(double (*f)(const double* x));

inline DType float_of(DType t) { return is_floating(t) ? t : float32; }
inline DType accumulated(DType t) { return is_floating(t) ? t : int64; }
inline bool takes(Types types, DType t) { return types & (is_floating(t) ? kFloats : t == boolean ? kBools : kInts); }
// A dtype to try a row in where only one is tried.
inline DType one_of(Types types) { return takes(types, float64) ? float64 : takes(types, int64) ? int64 : boolean; }

// Samples in [low, high), other ones for every seed; integers are drawn from the integers inside, bools are fair coins.
Tensor samples(const Shape& shape, DType dtype, double low, double high, uint64_t seed);
// x's values in other layouts: transposed, step 2, flipped and starting one element into its storage.
struct Layout {
  const char* name;
  Tensor x;
};
std::vector<Layout> layouts(const Tensor& x);
double epsilon(DType t);  // distance from 1 to the next value
// "" when got has expected's shape and its values within the bounds, else what differs.
std::string compare(const Tensor& got, const Array& expected, double ulps, double atol);
bool same_bits(const Tensor& a, const Tensor& b);

}  // namespace reel::test

#pragma once
// Recurrent cells over whole sequences [n, steps, features]: one product for the inputs of all steps, one fused pass over the gates a
// step, and one op backward over time whose weight gradient is one product. Gates lie in Keras's order.
#include "tensor/op.h"

namespace reel {

struct RecurrentOptions {
  Tensor mask = {};        // bool [n, steps]: where false the state is held and the output repeated
  bool backwards = false;  // from the last step to the first; the answer lies in the order of processing
};
// What a sequence gives: every step's output [n, steps, units], the last one [n, units], and of an LSTM the last cell state.
struct RecurrentResult {
  Tensor sequence, last, cell;
};
// h = tanh(x kernel + bias + h recurrent); kernel [features, units], recurrent [units, units], bias [units]. bias and the initial state
// h [n, units] may be empty handles (zeros).
RecurrentResult simple_rnn(const Tensor& x, const Tensor& kernel, const Tensor& recurrent, const Tensor& bias = {}, const Tensor& h = {},
                           const RecurrentOptions& options = {}, Where where = {});
// Gates i, f, c, o; kernel [features, 4 units], recurrent [units, 4 units], bias [4 units]; states h, c [n, units].
RecurrentResult lstm(const Tensor& x, const Tensor& kernel, const Tensor& recurrent, const Tensor& bias = {}, const Tensor& h = {}, const Tensor& c = {},
                     const RecurrentOptions& options = {}, Where where = {});
// Gates z, r, h with h = z h + (1 - z) candidate and the reset gate applied after the recurrent product (Keras's reset_after); kernel
// [features, 3 units], recurrent [units, 3 units], bias [2, 3 units]: of the input, of the recurrent product.
RecurrentResult gru(const Tensor& x, const Tensor& kernel, const Tensor& recurrent, const Tensor& bias = {}, const Tensor& h = {},
                    const RecurrentOptions& options = {}, Where where = {});

}  // namespace reel

#pragma once
// Gradients that are not written out: rows of a table, products for one weight. A tape that meets one weight often, or reads little of
// it, would write and read the whole matrix every time; what the meetings contribute waits here and is summed once, or never.
#include <initializer_list>
#include <memory>

#include "tensor/tensor.h"

namespace reel {

// The contributions to one float32 gradient on the CPU. They are copies: nothing written later changes them.
class Deferred {
 public:
  virtual ~Deferred() = default;
  const Shape shape;  // of the gradient
  Tensor gradient() const {
    Tensor g(new_body(shape, float32, cpu(), {}));
    write(g, 1, false);
    return g;
  }
  // to = factor * gradient, or with `add` to += factor * gradient; to is contiguous and of the gradient's shape.
  virtual void write(const Tensor& to, float factor, bool add) const = 0;
  // Whether it is smaller than the gradient and write_part costs about what reading would: a variable keeps it as it is.
  virtual bool light() const = 0;
  // The elements [begin, begin + count) of the gradient in row-major order, for an update that passes over them once. Several threads
  // may ask at a time, after one call of prepare.
  virtual void prepare() {}
  virtual void write_part(int64_t begin, int64_t count, float* to) const = 0;

 protected:
  explicit Deferred(const Shape& s) : shape(s) {}
};

// A gradient: a tensor, or what waits to be one, or none.
struct Gradient {
  Tensor tensor;
  std::shared_ptr<Deferred> deferred;
  explicit operator bool() const { return tensor || deferred; }
  bool operator==(const Gradient& o) const { return tensor.get() == o.tensor.get() && deferred == o.deferred; }
  Tensor written() const { return deferred ? deferred->gradient() : tensor; }
};
// The gradients of several parameters; an empty Tensor is none.
class Gradients : public std::vector<Gradient> {
 public:
  Gradients() = default;
  Gradients(const Tensors& all) : Gradients(all.begin(), all.end()) {}
  Gradients(std::initializer_list<Tensor> all) : Gradients(all.begin(), all.end()) {}

 private:
  template <class I> Gradients(I at, I end) {
    for (reserve(size_t(end - at)); at != end; ++at) push_back({*at, nullptr});
  }
};

}  // namespace reel

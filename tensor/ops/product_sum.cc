#include "tensor/ops/product_sum.h"

#include <algorithm>
#include <cstring>

#include "tensor/deferred.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/matmul_op.h"

namespace reel {
namespace {

constexpr int64_t kFewRows = 16;     // with more, the product is worth its reading and writing of the sum
constexpr int64_t kLarge = 1 << 14;  // elements below which the sum stays in the nearest cache

Tensor floats(const Shape& shape) { return Tensor(new_body(shape, float32, cpu(), {})); }

// The rows of all products, side by side: their sum is one product. As soon as they would take more room than the sum, it is made.
class ProductSum final : public Deferred {
 public:
  ProductSum(int64_t m, int64_t n) : Deferred({m, n}), m_(m), n_(n), most_(std::max(kFewRows, m * n / (m + n))) {}

  void append(const Tensor& a, const Tensor& b) {
    int64_t rows = a.shape()[0];
    if (count_ + rows > most_) {
      bool more = bool(sum_);
      if (!more) sum_ = floats({m_, n_});
      multiply(1, sum_, more);
      count_ = 0;
    }
    if (count_ + rows > room_) grow(std::min(most_, std::max(2 * room_, count_ + rows)));
    std::memcpy(a_.raw<float>() + count_ * m_, a.raw(), size_t(a.bytes()));
    std::memcpy(b_.raw<float>() + count_ * n_, b.raw(), size_t(b.bytes()));
    count_ += rows;
  }
  void write(const Tensor& to, float factor, bool add) const override {
    if (sum_) {
      float* y = to.raw<float>();
      const float* x = sum_.raw<const float>();
      for (int64_t i = 0; i < m_ * n_; ++i) y[i] = (add ? y[i] : 0) + factor * x[i];
    }
    multiply(factor, to, add || sum_);
  }
  bool light() const override { return !sum_ && count_ <= 2; }
  void write_part(int64_t begin, int64_t count, float* to) const override {
    for (int64_t end = begin + count; begin < end;) {
      int64_t row = begin / n_, column = begin % n_, width = std::min(n_ - column, end - begin);
      for (int64_t r = 0; r < count_; ++r) {
        const float left = a_.raw<const float>()[r * m_ + row], *right = b_.raw<const float>() + r * n_ + column;
        for (int64_t k = 0; k < width; ++k) to[k] = (r ? to[k] : 0) + left * right[k];
      }
      to += width, begin += width;
    }
  }

 private:
  int64_t m_, n_, most_, count_ = 0, room_ = 0;
  Tensor a_, b_;  // [room, m] and [room, n]
  Tensor sum_;    // of products that had no room

  void grow(int64_t room) {
    Tensor a = floats({room, m_}), b = floats({room, n_});
    if (count_) std::memcpy(a.raw(), a_.raw(), size_t(count_ * m_) * sizeof(float)), std::memcpy(b.raw(), b_.raw(), size_t(count_ * n_) * sizeof(float));
    a_ = std::move(a), b_ = std::move(b), room_ = room;
  }
  void multiply(float factor, const Tensor& to, bool add) const {
    Tensor right = b_;
    if (factor != 1) {
      right = floats({count_, n_});
      for (int64_t i = 0; i < count_ * n_; ++i) right.raw<float>()[i] = factor * b_.raw<const float>()[i];
    }
    transposed_product(count_, m_, n_, a_.raw<const float>(), right.raw<const float>(), to.raw<float>(), add);
  }
};

bool plain(const Tensor& x) { return x.rank() == 2 && x.dtype() == float32 && x.device() == cpu(); }

}  // namespace

bool defer_product(const Vjp& v, int i, const Tensor& a, const Tensor& b) {
  if (!plain(a) || !plain(b) || a.shape()[0] > kFewRows || a.shape()[0] == 0) return false;
  int64_t m = a.shape()[1], n = b.shape()[1];
  if (m * n < kLarge) return false;
  std::unique_ptr<Deferred>* place = v.deferred(i);
  if (!place) return false;
  if (!*place) *place = std::make_unique<ProductSum>(m, n);
  auto* sum = dynamic_cast<ProductSum*>(place->get());
  if (sum) sum->append(contiguous(a), contiguous(b));
  return sum;
}

}  // namespace reel

#pragma once
// Complex transforms of single rows, and the room and the threads they take.
#include <algorithm>

#include "tensor/allocator.h"
#include "tensor/cpu/fourier_plan.h"
#include "tensor/parallel.h"

namespace reel {

// Uninitialised room for `count` numbers; little of it stands on the stack, where a short transform needs no lock.
template <class T> class Room {
 public:
  explicit Room(int64_t count) : bytes_(count * int64_t(sizeof(T))), at_(bytes_ <= kNear ? near_ : take_block(bytes_)) {}
  ~Room() {
    if (at_ != near_) give_block(at_, bytes_);
  }
  Room(const Room&) = delete;
  T* get() const { return static_cast<T*>(at_); }

 private:
  static constexpr int64_t kNear = 16384;
  int64_t bytes_;
  void* at_;
  alignas(64) unsigned char near_[kNear];
};

// body(begin, end) for ranges of [0, count), on several threads where there is enough to do.
template <class F> void in_tasks(int64_t count, int64_t elements_each, F&& body) {
  constexpr int64_t kWork = 8192;  // elements worth a thread
  int64_t tasks = std::min({int64_t(num_threads()), count, std::max<int64_t>(1, count * elements_each / kWork)});
  parallel_tasks(tasks, [&](int64_t i) { body(count * i / tasks, count * (i + 1) / tasks); });
}

// A length with a large prime factor, by Bluestein: j k = (j^2 + k^2 - (k - j)^2) / 2 makes the transform a convolution with a chirp, which
// is done by transforms of a length with small factors.
template <class R> struct FourierChirp {
  using C = std::complex<R>;
  explicit FourierChirp(int64_t length);
  int64_t numbers() const { return int64_t(chirp.size() + spectrum.size()); }
  int64_t n, size;
  std::vector<C> chirp, spectrum;
};

// What transforms single rows of length n.
template <class R> class FourierRow {
 public:
  using C = std::complex<R>;
  explicit FourierRow(int64_t n);
  // The plan where n has small factors only.
  const FourierPlan<R>* plan() const { return plan_.get(); }
  // On several threads where the row is long and the caller is not one of several.
  void transform(const C* x, C* y, bool inverse, R scale) const;

 private:
  std::shared_ptr<const FourierPlan<R>> plan_;
  std::shared_ptr<const FourierChirp<R>> chirp_;
};

}  // namespace reel

// Copies between arrays whose neighbours stand along different axes, against a copy element by element.
#include <doctest/doctest.h>

#include <array>
#include <cstring>

#include "op_samples.h"
#include "reel.h"
#include "tensor/parallel.h"

using namespace reel;
using namespace reel::test;

namespace {

constexpr DType kOfEverySize[] = {boolean, uint8, float16, float32, int64, complex64, complex128};

// Bytes that differ between neighbours, rows and planes.
Tensor numbered(const Shape& shape, DType dtype) {
  Tensor x = empty(shape, dtype);
  for (int64_t i = 0; i < x.bytes(); ++i) {
    auto byte = uint8_t(uint64_t(i) * 0x9e3779b97f4a7c15u >> 56);
    x.raw<uint8_t>()[i] = dtype == boolean ? byte & 1 : byte;
  }
  return x;
}

// Calls f(address of the element, its number) in the order of the axes.
template <class F> void each_element(const Tensor& x, F&& f) {
  int64_t index[kMaxRank] = {}, item = item_size(x.dtype());
  for (int64_t n = 0; n < x.size(); ++n) {
    int64_t offset = 0;
    for (int i = 0; i < x.rank(); ++i) offset += index[i] * x.strides()[size_t(i)];
    f(x.raw<uint8_t>() + offset * item, n);
    for (int i = x.rank() - 1; i >= 0 && ++index[i] == x.shape()[i]; --i) index[i] = 0;
  }
}
bool holds(const Tensor& got, const Tensor& view) {
  int64_t item = item_size(view.dtype());
  bool same = got.shape() == view.shape();
  if (same) each_element(view, [&](const uint8_t* at, int64_t n) { same &= std::memcmp(at, got.raw<uint8_t>() + n * item, size_t(item)) == 0; });
  return same;
}

// A view's copy, and the view's values written into views of other layouts: nothing beside them changes.
void check_copies(const Tensor& view) {
  CAPTURE(describe(view));
  for (int threads : {1, 2}) {
    set_num_threads(threads);
    CHECK(holds(contiguous(view), view));
  }
  set_num_threads(0);
}
void check_writes(const Tensor& target, const Tensor& whole, const Tensor& value) {
  CAPTURE(describe(target));
  const int64_t item = item_size(target.dtype());
  Tensor wanted = clone(whole);
  each_element(target, [&](const uint8_t* at, int64_t n) {
    std::memcpy(wanted.raw<uint8_t>() + (at - whole.raw<uint8_t>()), value.raw<uint8_t>() + n * item, size_t(item));
  });
  assign(target, value);
  CHECK(std::memcmp(whole.raw(), wanted.raw(), size_t(whole.bytes())) == 0);
}

}  // namespace

TEST_CASE("transposed copies: every size of element, odd edges, offsets, steps and flips") {
  for (DType t : kOfEverySize)
    for (auto [rows, columns] : {std::pair<int64_t, int64_t>{0, 9}, {1, 1}, {7, 9}, {8, 8}, {9, 31}, {16, 64}, {33, 70}, {65, 129}, {8, 513}, {513, 8},
                                 {300, 263}}) {
      Tensor x = numbered({rows, columns}, t);
      check_copies(transpose(x));
      check_copies(transpose(flip(x, 0)));
      check_copies(transpose(flip(x, 1)));
      check_copies(flip(flip(transpose(x), 0), 1));
      check_copies(transpose(x[{slice({}, {}, 2)}]));
      check_copies(transpose(x[{ellipsis, slice({}, {}, 3)}]));
      if (rows > 1) check_copies(transpose(x[{slice(1, {}), slice(3, {})}]));
    }
}

TEST_CASE("copies of permuted axes") {
  for (DType t : kOfEverySize) {
    Tensor x = numbered({9, 19, 67}, t), y = numbered({2, 9, 3, 40}, t);
    for (auto axes : {std::array<int, 3>{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}) {
      check_copies(transpose(x, axes));
      check_copies(flip(transpose(x, axes), 0));
      check_copies(flip(transpose(x, axes), 2));
    }
    for (auto axes : {std::array<int, 4>{0, 3, 1, 2}, {3, 2, 1, 0}, {2, 3, 0, 1}, {1, 3, 2, 0}}) check_copies(transpose(y, axes));
  }
}

TEST_CASE("values written into transposed, shifted and flipped views") {
  for (DType t : kOfEverySize)
    for (auto [rows, columns] : {std::pair<int64_t, int64_t>{7, 9}, {17, 70}, {65, 129}, {263, 300}}) {
      Tensor value = numbered({columns, rows}, t), whole = numbered({rows + 3, columns + 5}, t);
      Tensor part = whole[{slice(2, rows + 2), slice(3, columns + 3)}];
      check_writes(transpose(part), whole, value);
      check_writes(flip(transpose(part), 0), whole, value);
      check_writes(flip(transpose(part), 1), whole, value);
      Tensor turned = contiguous(transpose(value));
      check_writes(part, whole, turned);
      // Source and target both lie the other way.
      Tensor source = transpose(value);
      assign(part, source);
      CHECK(holds(contiguous(part), source));
    }
}

// Such targets are written past the caches where whole lines can be.
TEST_CASE("transposed copies larger than the caches") {
  for (DType t : {uint8, float16, float32, float64, complex128}) {
    const int64_t n = 2048, wide = (9 << 20) / (n * item_size(t)) / 64 * 64 + 64;
    for (auto [rows, columns] : {std::pair{n, wide}, {n + 16, wide + 1}, {n + 1, wide + 3}}) check_copies(transpose(numbered({rows, columns}, t)));
    Tensor value = numbered({wide, n}, t), whole = numbered({n, wide + 64}, t);
    check_writes(transpose(whole[{ellipsis, slice(64, {})}]), whole, value);
    check_writes(transpose(whole[{ellipsis, slice(5, wide + 5)}]), whole, value);
  }
}

TEST_CASE("ops of arrays that are each other's transposes") {
  for (DType t : {int8, int16, float32, float64, complex128})
    for (auto [rows, columns] : {std::pair<int64_t, int64_t>{9, 31}, {65, 130}, {300, 263}}) {
      Tensor a = samples({rows, columns}, t, -3, 3, 1), b = samples({columns, rows}, t, -3, 3, 2), turned = contiguous(transpose(b));
      CHECK(same_bits(a * transpose(b), a * turned));
      CHECK(same_bits(flip(transpose(b), 0) - a, contiguous(flip(turned, 0)) - a));
      CHECK(same_bits(a - flip(transpose(b), 1), a - contiguous(flip(turned, 1))));
      Tensor sum = clone(b);
      transpose(sum) += a;
      CHECK(same_bits(contiguous(transpose(sum)), turned + a));
    }
}

// Matrix products of every size class: what goes without packing, what is cut by rows, by columns or along the sum.
#include <doctest/doctest.h>

#include "op_samples.h"
#include "reel.h"
#include "tensor/parallel.h"

using namespace reel;
using namespace reel::test;

namespace {

struct Size {
  int64_t m, k, n;
};
// Whole vectors and rests, up to 64 cubed in loops of our own; two, four and sixteen blocks; long sums.
constexpr Size kSizes[] = {{1, 1, 1},      {3, 5, 7},       {16, 16, 16},    {17, 31, 33},    {64, 64, 64},     {63, 65, 64},  {48, 100, 16},
                           {1, 2048, 300}, {300, 2048, 1},  {128, 128, 128}, {130, 70, 257},  {512, 256, 512},  {40, 9001, 33}, {64, 20000, 64},
                           {128, 1600, 1024}, {700, 64, 33}, {33, 64, 700},   {1040, 1030, 1030},
                           // Long rows: by fours and what is left of the sum, pieces of 1024 columns, rests of a vector, a matrix that threads share.
                           {1, 5, 257},    {1, 6, 1030},   {1, 300, 750},   {1, 131, 2064},  {1, 64, 4100}};

Tensor matrix(int64_t rows, int64_t columns, bool transposed, DType t, uint64_t seed) {
  Tensor x = cast(samples(transposed ? Shape{columns, rows} : Shape{rows, columns}, float64, -1, 1, seed), t);
  return transposed ? transpose(x) : x;
}

}  // namespace

TEST_CASE("products of every size and layout agree with float64's, with the same bits for any number of threads") {
  NoGrad no_grad;
  for (const Size& size : kSizes)
    for (int layout = 0; layout < 4; ++layout)
      for (DType t : {float32, bfloat16}) {
        const auto [m, k, n] = size;
        if (m * k * n > 100000000 && (t == bfloat16 || layout == 1)) continue;  // float64's side takes long
        CAPTURE(size.m);
        CAPTURE(size.k);
        CAPTURE(size.n);
        CAPTURE(layout);
        CAPTURE(name(t));
        Tensor a = matrix(m, k, layout & 1, t, 1), b = matrix(k, n, layout & 2, t, 2);
        Tensor wide_a = cast(a, float64), wide_b = cast(b, float64), exact = matmul(wide_a, wide_b);
        Tensor got = matmul(a, b);
        // Summed in float32 in any order: k roundings of the terms' sizes; of bfloat16 one more, of the answer.
        Tensor bound = double(k + 2) * 0x1p-24 * matmul(abs(wide_a), abs(wide_b)) + (t == bfloat16 ? 0x1p-8 : 0.) * abs(exact);
        CHECK(all(abs(cast(got, float64) - exact) <= bound).item<bool>());
        for (int threads : {1, 2, 3}) {
          if (threads > 1 && m * k * n < 100000) continue;
          set_num_threads(std::min(threads, num_threads()));
          CHECK(same_bits(matmul(a, b), got));
          set_num_threads(0);
        }
      }
}

TEST_CASE("products of doubles of every size and layout agree with sums of products, with the same bits for any number of threads") {
  NoGrad no_grad;
  constexpr Size sizes[] = {{1, 1, 1},      {3, 5, 7},     {16, 16, 16},   {17, 31, 33}, {64, 64, 64},  {63, 65, 64},     {1, 2048, 300}, {300, 2048, 1},
                            {130, 70, 257}, {97, 193, 17}, {40, 9001, 33}, {9, 400, 8},  {1, 700, 1800}, {1800, 701, 1}, {5, 1, 4200}};
  for (const Size& size : sizes)
    for (int layout = 0; layout < 4; ++layout) {
      const auto [m, k, n] = size;
      CAPTURE(size.m);
      CAPTURE(size.k);
      CAPTURE(size.n);
      CAPTURE(layout);
      Tensor a = matrix(m, k, layout & 1, float64, 1), b = matrix(k, n, layout & 2, float64, 2), got = matmul(a, b);
      Tensor turned = contiguous(transpose(b));
      for (int64_t i = 0; i < m; i += m > 20 ? 13 : 1) {
        Tensor terms = slice_axis(a, 0, i, 1) * turned;
        Tensor bound = double(k + 2) * 0x1p-53 * sum(abs(terms), 1);
        CHECK(all(abs(flatten(slice_axis(got, 0, i, 1)) - sum(terms, 1)) <= bound).item<bool>());
      }
      for (int threads : {1, 2, 3}) {
        if (threads > 1 && m * k * n < 100000) continue;
        set_num_threads(std::min(threads, num_threads()));
        CHECK(same_bits(matmul(a, b), got));
        set_num_threads(0);
      }
    }
}

TEST_CASE("a weight of one long row that a tape uses twice: its gradients are added up") {
  Tensor w = variable(samples({1, 1030}, float32, -1, 1, 3)), x = samples({7, 1}, float32, -1, 1, 4), y = samples({9, 1}, float32, -1, 1, 5);
  backward(sum(matmul(x, w) * 2) + sum(matmul(y, w)));
  double exact = 2 * sum(cast(x, float64)).item<double>() + sum(cast(y, float64)).item<double>();
  CHECK(all(abs(cast(gradient(w), float64) - exact) <= 1e-5).item<bool>());
}

TEST_CASE("dots of long vectors in any layout") {
  for (DType t : {float32, float64, float16, bfloat16})
    for (int64_t n : {0, 1, 63, 65, 511, 512, 4096, 4097, 8192, 1 << 20, (1 << 20) + 1, 1100003}) {
      CAPTURE(n);
      CAPTURE(name(t));
      // Sums of 0 and 1 that are exact in the dtype they are made in; 16 bits answer them rounded, and far below float16's largest.
      const int64_t apart = n > 100000 ? 300 : 3;
      Tensor twos = remainder(arange(n), apart) == 2, x = cast(twos, t), every = cast(stack({twos, twos}, 1), t)[{ellipsis, 0}];
      Tensor count = cast(cast(tensor(n > 2 ? (n - 3) / apart + 1 : 0), float32), t);
      CHECK(array_equal(dot(x, x), count));
      CHECK(array_equal(dot(x, every), count));
      CHECK(array_equal(dot(flip(x, 0), flip(every, 0)), count));
      CHECK(array_equal(dot(x, ones({n}, t)), count));
    }
}

TEST_CASE("a replay that gives back early says so when its tape is replayed again") {
  Tensor x = variable(uniform({2, 40, 3}, -1, 1)), kernel = variable(uniform({3, 16}, -1, 1)), recurrent = variable(uniform({4, 16}, -1, 1));
  Tensor loss = sum(lstm(x, kernel, recurrent, {}).sequence);
  Tensors kept = grad(loss, {x, kernel, recurrent}, {.retain_tape = true}), again = grad(loss, {x, kernel, recurrent});
  for (size_t i = 0; i < kept.size(); ++i) CHECK(same_bits(kept[i], again[i]));
  CHECK_THROWS_WITH_AS(grad(loss, {x}), doctest::Contains("was replayed before"), TapeError);
}

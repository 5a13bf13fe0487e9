// Compiled once per instruction-set level; REEL_LEVEL is base, v3 or v4.
#include "tensor/cpu/transpose_loops.h"

#ifdef __SSE2__
#include <immintrin.h>
#endif

#include <type_traits>

#include "tensor/cpu/level.h"
#include "tensor/cpu/tiles.h"
#include "tensor/cpu/vector.h"

namespace reel {
namespace {

template <int item>
using Number = std::conditional_t<item == 1, uint8_t, std::conditional_t<item == 2, uint16_t, std::conditional_t<item == 4, uint32_t, uint64_t>>>;

// 16 bytes of each of bytes / 16 rows that stand `step` apart.
template <int bytes> [[gnu::always_inline]] inline Register<uint64_t, bytes> gather(const char* p, int64_t step) {
  Register<uint64_t, bytes> v;
  if constexpr (bytes == 16) {
    std::memcpy(&v, p, 16);
  } else {
    auto low = gather<bytes / 2>(p, step), high = gather<bytes / 2>(p + bytes / 32 * step, step);
    if constexpr (bytes == 32) v = __builtin_shufflevector(low, high, 0, 1, 2, 3);
    else v = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
  }
  return v;
}

// The first, or the second, halves of every 16 bytes of a and b, an element of either in turns.
template <bool second, class R> [[gnu::always_inline]] inline R zip(R a, R b) {
  constexpr int all = sizeof(R) / sizeof(a[0]), n = 16 / int(sizeof(a[0]));
  R order;
  for (int i = 0; i < all; ++i) order[i] = uint8_t(i / n * n + second * n / 2 + i % n / 2 + i % 2 * all);
  return __builtin_shuffle(a, b, order);
}

// Stores a register, past the caches where that is wanted and the level has it.
template <bool past, class R> [[gnu::always_inline]] inline void put(char* to, const R& v) {
#if defined(__AVX512F__)
  if constexpr (past && sizeof v == 64) return _mm512_stream_si512(reinterpret_cast<__m512i*>(to), __m512i(v));
#endif
#if defined(__AVX2__)
  if constexpr (past && sizeof v == 32) return _mm256_stream_si256(reinterpret_cast<__m256i*>(to), __m256i(v));
#endif
#if defined(__SSE2__)
  if constexpr (past && sizeof v == 16) return _mm_stream_si128(reinterpret_cast<__m128i*>(to), __m128i(v));
#endif
  std::memcpy(to, &v, sizeof v);
}

// A block of bytes / item rows by the n columns that 16 bytes hold: n registers, in which log2(n) rounds, where the first half of them meets
// the second, turn n x n elements over in each 16 bytes.
template <int item, int bytes, bool past>
[[gnu::always_inline]] inline void turn_block(const char* from, int64_t from_stride, char* to, int64_t to_stride) {
  constexpr int n = 16 / item;
  using R = Register<Number<item>, bytes>;
  R now[n], next[n];
#pragma GCC unroll 16
  for (int i = 0; i < n; ++i) now[i] = R(gather<bytes>(from + i * from_stride, n * from_stride));
#pragma GCC unroll 4
  for (int round = 1; round < n; round *= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < n / 2; ++i) next[2 * i] = zip<false>(now[i], now[i + n / 2]), next[2 * i + 1] = zip<true>(now[i], now[i + n / 2]);
#pragma GCC unroll 16
    for (int i = 0; i < n; ++i) now[i] = next[i];
  }
#pragma GCC unroll 16
  for (int i = 0; i < n; ++i) put<past>(to + i * to_stride, now[i]);
}

// In lines of `line` bytes of the target, filled one after the other. The last block of rows or columns reaches back over the one before it.
template <int item, bool past, int line = 64>
void turn(const char* from, int64_t from_stride, char* to, int64_t to_stride, int64_t rows, int64_t columns) {
  constexpr int64_t high = line / item, wide = 16 / item;
  constexpr int bytes = line < kRegister ? line : kRegister;
  if (rows < high || columns < wide) {
    if constexpr (line > 16) return turn<item, false, line / 2>(from, from_stride, to, to_stride, rows, columns);
    for (int64_t j = 0; j < rows; ++j)
      for (int64_t i = 0; i < columns; ++i) std::memcpy(to + i * to_stride + j * item, from + j * from_stride + i * item, item);
    return;
  }
  for (int64_t j = 0; j < rows; j += high) {
    j = least(j, rows - high);
    // The line in which the next tile's part of these rows ends: they are too far apart for the processor to foresee it.
    for (int64_t k = j; k < j + high; ++k) __builtin_prefetch(from + k * from_stride + columns * item + 63);
    for (int64_t i = 0; i < columns; i += wide) {
      i = least(i, columns - wide);
      for (int64_t k = j; k < j + high; k += bytes / item)
        turn_block<item, bytes, past>(from + k * from_stride + i * item, from_stride, to + i * to_stride + k * item, to_stride);
    }
  }
}

void fence() {
#ifdef __SSE2__
  _mm_sfence();
#endif
}

}  // namespace

void REEL_LEVEL_FUNCTION(transpose_loops)() {
  transpose_loops = {{&turn<1, false>, &turn<2, false>, &turn<4, false>, &turn<8, false>, &turn<16, false>},
                     {&turn<1, true>, &turn<2, true>, &turn<4, true>, &turn<8, true>, &turn<16, true>},
                     &fence};
}

}  // namespace reel

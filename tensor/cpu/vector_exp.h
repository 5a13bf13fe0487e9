#pragma once
// exp, and what is a quotient of it, by a table: 32 powers of two fill two AVX-512 registers, from which one instruction takes any 16, and
// what is left of x is so small that three terms of its series do. A loop over math::exp is bound by its multipliers: 67 GB/s of the first
// cache where this reaches 112; sigmoid 53 and 100. For registers of AVX-512; other levels keep their loops.
#ifdef __AVX512F__
#include <immintrin.h>

#include <bit>
#include <cstdint>

namespace reel {
struct Exp;
struct Sigmoid;
struct Silu;

namespace {

alignas(64) constexpr float kPowersOfTwo[32] = {  // 2^(i / 32)
    0x1.000000p+0f, 0x1.059b0ep+0f, 0x1.0b5586p+0f, 0x1.11301ep+0f, 0x1.172b84p+0f, 0x1.1d4874p+0f, 0x1.2387a6p+0f, 0x1.29e9e0p+0f,
    0x1.306fe0p+0f, 0x1.371a74p+0f, 0x1.3dea64p+0f, 0x1.44e086p+0f, 0x1.4bfdaep+0f, 0x1.5342b6p+0f, 0x1.5ab07ep+0f, 0x1.6247ecp+0f,
    0x1.6a09e6p+0f, 0x1.71f75ep+0f, 0x1.7a1148p+0f, 0x1.82589ap+0f, 0x1.8ace54p+0f, 0x1.93737cp+0f, 0x1.9c4918p+0f, 0x1.a5503cp+0f,
    0x1.ae89fap+0f, 0x1.b7f770p+0f, 0x1.c199bep+0f, 0x1.cb720ep+0f, 0x1.d5818ep+0f, 0x1.dfc974p+0f, 0x1.ea4afap+0f, 0x1.f50766p+0f};

struct PowerTable {
  __m512 low = _mm512_load_ps(kPowersOfTwo), high = _mm512_load_ps(kPowersOfTwo + 16);
};
// exp(sign x) = power exp(rest) for |x| <= kTableReach: the power is one of 2^(i / 32), |rest| <= log(2) / 64.
constexpr float kTableReach = 87.f;
struct TablePower {
  __m512 power, rest;
};
template <int sign> [[gnu::always_inline]] inline TablePower table_power(__m512 x, const PowerTable& table) {
  const __m512 shift = _mm512_set1_ps(0x1.8p18f);  // adding it rounds to 32nds, whose number stands in the low bits
  __m512 shifted = _mm512_fmadd_ps(x, _mm512_set1_ps(float(sign) * 1.44269504088896341f), shift), k = _mm512_sub_ps(shifted, shift);
  const __m512 high = _mm512_set1_ps(0x1.62ep-1f), low = _mm512_set1_ps(0x1.0bfbe8p-15f);  // log(2): high has few bits
  __m512 rest = sign > 0 ? _mm512_fnmadd_ps(k, high, x) : _mm512_fnmsub_ps(k, high, x);
  return {_mm512_scalef_ps(_mm512_permutex2var_ps(table.low, _mm512_castps_si512(shifted), table.high), k), _mm512_fnmadd_ps(k, low, rest)};
}
// 1 / (1 + exp(-x)) to 3.7 ulp. Two terms of exp(r) - 1, the first as the minimax polynomial has it.
[[gnu::always_inline]] inline __m512 table_sigmoid(__m512 x, const PowerTable& table) {
  TablePower e = table_power<-1>(x, table);
  __m512 slope = _mm512_fmadd_ps(e.rest, _mm512_set1_ps(0.5f), _mm512_set1_ps(1.00001466f)), one = _mm512_set1_ps(1.f);
  return _mm512_div_ps(one, _mm512_add_ps(one, _mm512_fmadd_ps(_mm512_mul_ps(e.power, e.rest), slope, e.power)));
}

// The ops that go by the table: `value` for |x| <= kTableReach.
template <class O> struct TableForm {};
template <> struct TableForm<Exp> {
  static constexpr bool exists = true;
  [[gnu::always_inline]] static __m512 value(__m512 x, const PowerTable& table) {
    TablePower e = table_power<1>(x, table);
    __m512 slope = _mm512_fmadd_ps(_mm512_fmadd_ps(e.rest, _mm512_set1_ps(1 / 6.f), _mm512_set1_ps(0.5f)), e.rest, _mm512_set1_ps(1.f));
    return _mm512_fmadd_ps(_mm512_mul_ps(e.power, e.rest), slope, e.power);
  }
};
template <> struct TableForm<Sigmoid> {
  static constexpr bool exists = true;
  [[gnu::always_inline]] static __m512 value(__m512 x, const PowerTable& table) { return table_sigmoid(x, table); }
};
template <> struct TableForm<Silu> {
  static constexpr bool exists = true;
  [[gnu::always_inline]] static __m512 value(__m512 x, const PowerTable& table) { return _mm512_mul_ps(x, table_sigmoid(x, table)); }
};
template <class O, class T> constexpr bool goes_by_table = false;
template <class O>
  requires TableForm<O>::exists
constexpr bool goes_by_table<O, float> = true;

// `count` registers from `in` to `out`, which may be the same. Elements out of reach are computed one by one.
template <class O, int count> [[gnu::always_inline]] inline void table_block(const O& op, const PowerTable& table, float* out, const float* in) {
  __m512 x[count];
  __m512i most = _mm512_setzero_si512();  // of the numbers without their signs; NaN is more than all others
  for (int j = 0; j < count; ++j) {
    x[j] = _mm512_loadu_ps(in + 16 * j);
    most = _mm512_max_epu32(most, _mm512_slli_epi32(_mm512_castps_si512(x[j]), 1));
  }
  for (int j = 0; j < count; ++j) _mm512_storeu_ps(out + 16 * j, TableForm<O>::value(x[j], table));
  constexpr auto kReach = int(std::bit_cast<uint32_t>(kTableReach) << 1);
  if (_mm512_cmpgt_epu32_mask(most, _mm512_set1_epi32(kReach)) == 0) [[likely]] return;
  alignas(64) float given[16 * count];
  for (int j = 0; j < count; ++j) _mm512_store_ps(given + 16 * j, x[j]);
  for (int i = 0; i < 16 * count; ++i)
    if (!(given[i] <= kTableReach && given[i] >= -kTableReach)) out[i] = op.template value<float>(given[i]);
}
template <class O> void table_loop(const O& op, int64_t n, float* out, const float* in) {
  const PowerTable table;
  int64_t i = 0;
  for (; i + 64 <= n; i += 64) table_block<O, 4>(op, table, out + i, in + i);
  for (; i + 16 <= n; i += 16) table_block<O, 1>(op, table, out + i, in + i);
  if (i == n) return;
  alignas(64) float last[16] = {};
  for (int64_t j = 0; j < n - i; ++j) last[j] = in[i + j];
  table_block<O, 1>(op, table, last, last);
  for (int64_t j = 0; j < n - i; ++j) out[i + j] = last[j];
}

}  // namespace
}  // namespace reel
#endif

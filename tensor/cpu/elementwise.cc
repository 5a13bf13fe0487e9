#include "tensor/cpu/elementwise.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "tensor/cpu/convert_loops.h"
#include "tensor/cpu/level.h"
#include "tensor/cpu/transpose_loops.h"
#include "tensor/ops/elementwise_list.h"
#include "tensor/parallel.h"

namespace reel {

ConvertLoops convert_loops;
TransposeLoops transpose_loops;

REEL_LEVELS(convert_loops)
REEL_LEVELS(transpose_loops)
REEL_ELEMENTWISE_FAMILIES(REEL_LEVELS)

namespace {

template <class... O> void join_table(OpList<O...>) { ((Kernels<O>::on[int(DeviceType::kCpu)] = &elementwise_kernel<O>), ...); }
#define REEL_INSTALL(Family) install_##Family(), join_table(Family##Ops{}),
const bool installed = (install_convert_loops(), install_transpose_loops(), REEL_ELEMENTWISE_FAMILIES(REEL_INSTALL) true);
#undef REEL_INSTALL

constexpr int kMostOperands = 4;   // the output is the last
constexpr int64_t kChunk = 1024;   // elements converted or gathered at a time, in the first-level cache
constexpr int64_t kGrain = 65536;  // elements of cost 1 (0.04 ns in the cache) that are worth a thread
// The same of another cost. For work of less than 25 us no thread is woken.
int64_t grain(int64_t n, int cost) {
  int64_t worth = std::max<int64_t>(kGrain / cost, 1);
  return n < 2 * worth || n >= 10 * worth || threads_awake() ? worth : n;
}

struct Walk {
  const LoopInfo* info;
  const void* op;
  Loop loop;
  int operands, rank;
  bool copy = false;  // the loop copies bytes
  int64_t dims[kMaxRank];
  struct {
    char* data;
    int64_t strides[kMaxRank];  // in bytes
    int64_t item;               // bytes of one stored element
    DType stored, computed;
    bool dense;                 // the coalesced walk visits it in memory order without gaps
  } at[kMostOperands];
};

// Drops axes of one element and merges neighbours that every operand walks as one.
void coalesce(Walk& w) {
  int r = 0;
  for (int i = 0; i < w.rank; ++i) {
    if (w.dims[i] == 1) continue;
    bool merge = r > 0;
    for (int k = 0; merge && k < w.operands; ++k) merge = w.at[k].strides[r - 1] == w.at[k].strides[i] * w.dims[i];
    if (merge) {
      w.dims[r - 1] *= w.dims[i];
      for (int k = 0; k < w.operands; ++k) w.at[k].strides[r - 1] = w.at[k].strides[i];
    } else {
      w.dims[r] = w.dims[i];
      for (int k = 0; k < w.operands; ++k) w.at[k].strides[r] = w.at[k].strides[i];
      ++r;
    }
  }
  w.rank = r;
  for (int k = 0; k < w.operands; ++k) {
    int64_t expected = w.at[k].item;
    w.at[k].dense = true;
    for (int i = r - 1; i >= 0; --i) {
      w.at[k].dense &= w.at[k].strides[i] == expected;
      expected *= w.dims[i];
    }
  }
}

// Copies elements between a strided operand, starting at coalesced position `begin`, and a packed buffer.
template <class T, bool kStore> void move_strided(const Walk& w, int k, int64_t begin, int64_t n, void* buffer) {
  T* packed = static_cast<T*>(buffer);
  int64_t index[kMaxRank];
  char* p = w.at[k].data;
  int64_t rest = begin;
  for (int i = w.rank - 1; i >= 0; --i) {
    index[i] = rest % w.dims[i];
    rest /= w.dims[i];
    p += index[i] * w.at[k].strides[i];
  }
  int last = w.rank - 1;
  int64_t inner = last >= 0 ? w.dims[last] : 1, stride = last >= 0 ? w.at[k].strides[last] : 0, at = last >= 0 ? index[last] : 0;
  while (n > 0) {
    int64_t m = std::min(n, inner - at);
    if (stride == int64_t(sizeof(T))) {  // a bias: every row is dense
      if constexpr (kStore) std::memcpy(p, packed, size_t(m) * sizeof(T));
      else std::memcpy(packed, p, size_t(m) * sizeof(T));
    } else if (stride == -int64_t(sizeof(T))) {  // known to be one element, a vector is turned round at once
      T *__restrict low = reinterpret_cast<T*>(p) - (m - 1), *__restrict line = packed;
      for (int64_t j = 0; j < m; ++j) {
        if constexpr (kStore) low[m - 1 - j] = line[j];
        else line[j] = low[m - 1 - j];
      }
    } else for (int64_t j = 0; j < m; ++j) {
      if constexpr (kStore) *reinterpret_cast<T*>(p + j * stride) = packed[j];
      else packed[j] = *reinterpret_cast<const T*>(p + j * stride);
    }
    packed += m;
    n -= m;
    if (n <= 0) break;
    p -= at * stride;
    at = 0;
    for (int i = last - 1; i >= 0; --i) {
      p += w.at[k].strides[i];
      if (++index[i] < w.dims[i]) break;
      p -= w.dims[i] * w.at[k].strides[i];
      index[i] = 0;
    }
  }
}
template <bool kStore> void move_items(const Walk& w, int k, int64_t begin, int64_t n, void* buffer) {
  switch (w.at[k].item) {
    case 1: return move_strided<uint8_t, kStore>(w, k, begin, n, buffer);
    case 2: return move_strided<uint16_t, kStore>(w, k, begin, n, buffer);
    case 4: return move_strided<uint32_t, kStore>(w, k, begin, n, buffer);
    case 16: return move_strided<Complex128, kStore>(w, k, begin, n, buffer);
    default: return move_strided<uint64_t, kStore>(w, k, begin, n, buffer);
  }
}

// The general case: chunk by chunk, whatever is not dense or not stored as computed goes through a buffer.
void walk_chunks(const Walk& w, int64_t begin, int64_t end) {
  alignas(64) char packed[kMostOperands][kChunk * 16], converted[kMostOperands][kChunk * 16];
  int out = w.operands - 1;
  unsigned repeated = 0;
  const void* in[kMostOperands] = {};
  for (int k = 0; k < out; ++k) {
    bool one = true;
    for (int i = 0; i < w.rank; ++i) one &= w.at[k].strides[i] == 0;
    if (!one) continue;
    repeated |= 1u << k;
    in[k] = w.at[k].data;
    if (w.at[k].stored != w.at[k].computed) {
      convert_loops.at[int(w.at[k].stored)][int(w.at[k].computed)](converted[k], w.at[k].data, 1);
      in[k] = converted[k];
    }
  }
  for (int64_t at = begin; at < end; at += kChunk) {
    int64_t n = std::min(kChunk, end - at);
    for (int k = 0; k < out; ++k) {
      if (repeated >> k & 1) continue;
      const void* p = w.at[k].data + at * w.at[k].item;
      if (!w.at[k].dense) {
        move_items<false>(w, k, at, n, packed[k]);
        p = packed[k];
      }
      if (w.at[k].stored != w.at[k].computed) {
        convert_loops.at[int(w.at[k].stored)][int(w.at[k].computed)](converted[k], p, n);
        p = converted[k];
      }
      in[k] = p;
    }
    const auto& o = w.at[out];
    bool convert = o.stored != o.computed;
    char* direct = o.data + at * o.item;
    void* target = convert ? converted[out] : o.dense ? direct : packed[out];
    w.loop(w.op, target, in, repeated, n);
    if (convert) {
      void* to = o.dense ? static_cast<void*>(direct) : packed[out];
      convert_loops.at[int(o.computed)][int(o.stored)](to, target, n);
      target = to;
    }
    if (!o.dense) move_items<true>(w, out, at, n, target);
  }
}

// Rows long enough to be handed to the loop as they lie: operands are contiguous or repeated along the last axis.
void walk_rows(const Walk& w, int64_t begin, int64_t end) {
  int last = w.rank - 1, out = w.operands - 1;
  int64_t inner = w.dims[last];
  unsigned repeated = 0;
  for (int k = 0; k < out; ++k) repeated |= unsigned(w.at[k].strides[last] == 0) << k;
  int64_t index[kMaxRank], row = begin / inner, column = begin % inner;
  char* p[kMostOperands];  // of the row
  for (int k = 0; k < w.operands; ++k) p[k] = w.at[k].data;
  for (int i = last - 1; i >= 0; --i) {
    index[i] = row % w.dims[i];
    row /= w.dims[i];
    for (int k = 0; k < w.operands; ++k) p[k] += index[i] * w.at[k].strides[i];
  }
  for (int64_t at = begin, n; at < end; at += n, column = 0) {
    n = std::min(inner - column, end - at);
    const void* in[kMostOperands];
    for (int k = 0; k < out; ++k) in[k] = p[k] + column * w.at[k].strides[last];
    w.loop(w.op, p[out] + column * w.at[out].strides[last], in, repeated, n);
    for (int i = last - 1; i >= 0; --i) {
      for (int k = 0; k < w.operands; ++k) p[k] += w.at[k].strides[i];
      if (++index[i] < w.dims[i]) break;
      for (int k = 0; k < w.operands; ++k) p[k] -= w.dims[i] * w.at[k].strides[i];
      index[i] = 0;
    }
  }
}

// --- operands that are each other's transposes ------------------------------------------------------------------------------------

// Tiles of one line along an operand's own rows by kTileRows along the walk's: every cache line that is touched is used up before another
// takes its place, which a walk along the last axis does not do where an operand has its neighbours on another axis. With two lines a row,
// rows that are a power of two apart push each other out of the cache.
constexpr int64_t kLine = 64, kTileRows = 64;
// Tiles are visited square by square: a row of tiles of a large matrix touches more pages than the processor remembers addresses of.
constexpr int64_t kSquare = 256;
// A target of so many bytes is not found in a cache by whoever reads it next, nor is anything else after it was there.
constexpr int64_t kPastCaches = 8 << 20;

int log2_of(int64_t item) { return 63 - __builtin_clzll(uint64_t(item)); }

// The axis along which an operand has its neighbours, forwards or backwards, when it has not on the last; -1 when all do (or repeat).
int crossing_axis(const Walk& w) {
  int last = w.rank - 1;
  if (last < 1 || w.dims[last] < 8) return -1;
  for (int k = 0; k < w.operands; ++k)
    if (w.at[k].stored != w.at[k].computed) return -1;
  for (int k = 0; k < w.operands; ++k) {
    if (w.at[k].strides[last] == w.at[k].item || w.at[k].strides[last] == 0) continue;
    for (int a = 0; a < last; ++a)
      if (std::abs(w.at[k].strides[a]) == w.at[k].item && w.dims[a] >= 8) return a;
  }
  return -1;
}

// Walks an axis from its other end if that makes an operand's neighbours follow each other.
void walk_forwards(Walk& w, int axis) {
  bool back = false;
  for (int k = 0; k < w.operands; ++k) {
    if (w.at[k].strides[axis] == w.at[k].item) return;
    back |= w.at[k].strides[axis] == -w.at[k].item;
  }
  for (int k = 0; back && k < w.operands; ++k) {
    w.at[k].data += (w.dims[axis] - 1) * w.at[k].strides[axis];
    w.at[k].strides[axis] *= -1;
  }
}

// f(corner of each operand, rows, columns) for every square of two axes, on all threads.
template <class F> void for_squares(const Walk& w, int along, int across, int64_t size, F&& f) {
  const int64_t down = (w.dims[along] + kSquare - 1) / kSquare, right = (w.dims[across] + kSquare - 1) / kSquare;
  const int64_t squares = size / (w.dims[along] * w.dims[across]) * down * right;
  parallel_for(squares, std::max<int64_t>(1, kGrain / w.info->cost * squares / size), [&](int64_t begin, int64_t end) {
    for (int64_t square = begin; square < end; ++square) {
      const int64_t left = square % right * kSquare, top = square / right % down * kSquare;
      int64_t rest = square / (right * down);
      char* corner[kMostOperands];
      for (int k = 0; k < w.operands; ++k) corner[k] = w.at[k].data + left * w.at[k].strides[across] + top * w.at[k].strides[along];
      for (int i = w.rank - 1; i >= 0; --i) {
        if (i == along || i == across) continue;
        for (int k = 0; k < w.operands; ++k) corner[k] += rest % w.dims[i] * w.at[k].strides[i];
        rest /= w.dims[i];
      }
      f(corner, std::min(kSquare, w.dims[along] - top), std::min(kSquare, w.dims[across] - left));
    }
  });
}

// A copy whose source has its neighbours along one axis and its target along another, turned over on the way.
void copy_turned(const Walk& w, int along, int across, int64_t size) {
  const int64_t item = w.at[0].item, row = w.at[0].strides[along], column = w.at[1].strides[across], line = kLine / item;
  const Turn turn = transpose_loops.turn[log2_of(item)], turn_past = transpose_loops.turn_past[log2_of(item)];
  for_squares(w, along, across, size, [&](char* const* corner, int64_t rows, int64_t columns) {
    const bool past = size * item >= kPastCaches && (uintptr_t(corner[1]) | uintptr_t(column)) % kLine == 0;
    const int64_t lines = past ? rows / line * line : 0, wide = line * std::max<int64_t>(1, kTileRows / rows);
    for (int64_t j = 0; j < rows; j += kTileRows)
      for (int64_t i = 0, m; i < columns; i += m) {
        m = columns - i < 2 * wide ? columns - i : wide;  // few columns are no tile of their own
        const int64_t end = std::min(j + kTileRows, rows), n = std::clamp<int64_t>(lines - j, 0, kTileRows);
        const char* from = corner[0] + j * row + i * item;
        char* to = corner[1] + i * column + j * item;
        if (n) turn_past(from, row, to, column, n, m);
        if (j + n < end) turn(from + n * row, row, to + n * item, column, end - j - n, m);
      }
    if (past) transpose_loops.fence();
  });
}

// A tile of `rows` along the last axis by `columns` along the crossing one, packed so that the last axis is contiguous, or back.
template <class T, bool kStore> void move_tile(char* p, int64_t row_stride, int64_t column_stride, int64_t rows, int64_t columns, char* packed) {
  constexpr int64_t item = sizeof(T), packed_stride = kTileRows * item;
  if (column_stride == item) {
    const Turn turn = transpose_loops.turn[log2_of(item)];
    return kStore ? turn(packed, packed_stride, p, row_stride, columns, rows) : turn(p, row_stride, packed, packed_stride, rows, columns);
  }
  for (int64_t j = 0; j < rows; ++j)
    for (int64_t i = 0; i < columns; ++i) {
      T *stored = reinterpret_cast<T*>(p + j * row_stride + i * column_stride), *at = reinterpret_cast<T*>(packed + i * packed_stride) + j;
      if constexpr (kStore) *stored = *at;
      else *at = *stored;
    }
}
template <bool kStore>
void move_tile_of(int64_t item, char* p, int64_t row_stride, int64_t column_stride, int64_t rows, int64_t columns, char* packed) {
  switch (item) {
    case 1: return move_tile<uint8_t, kStore>(p, row_stride, column_stride, rows, columns, packed);
    case 2: return move_tile<uint16_t, kStore>(p, row_stride, column_stride, rows, columns, packed);
    case 4: return move_tile<uint32_t, kStore>(p, row_stride, column_stride, rows, columns, packed);
    case 16: return move_tile<Complex128, kStore>(p, row_stride, column_stride, rows, columns, packed);
    default: return move_tile<uint64_t, kStore>(p, row_stride, column_stride, rows, columns, packed);
  }
}

void walk_tiles(const Walk& w, int crossing, int64_t size) {
  int last = w.rank - 1, out = w.operands - 1;
  int64_t item = 1;
  for (int k = 0; k < w.operands; ++k) item = std::max(item, w.at[k].item);
  const int64_t wide = kLine / item;
  bool direct[kMostOperands];
  unsigned repeated = 0;
  for (int k = 0; k < w.operands; ++k) {
    int64_t stride = w.at[k].strides[last];
    direct[k] = stride == w.at[k].item || (stride == 0 && k != out);
    repeated |= unsigned(stride == 0 && k != out) << k;
  }
  for_squares(w, last, crossing, size, [&](char* const* corner, int64_t along, int64_t across) {
    alignas(64) char packed[kMostOperands][kLine * kTileRows];
    for (int64_t row = 0; row < along; row += kTileRows)
      for (int64_t column = 0; column < across; column += wide) {
        int64_t columns = std::min(wide, across - column), rows = std::min(kTileRows, along - row);
        char* p[kMostOperands];
        for (int k = 0; k < w.operands; ++k) p[k] = corner[k] + column * w.at[k].strides[crossing] + row * w.at[k].strides[last];
        auto row_of = [&](int k, int64_t i) -> void* {
          return direct[k] ? p[k] + i * w.at[k].strides[crossing] : packed[k] + i * kTileRows * w.at[k].item;
        };
        auto move = [&](int k, auto&& move_tile_of) {
          if (!direct[k]) move_tile_of(w.at[k].item, p[k], w.at[k].strides[last], w.at[k].strides[crossing], rows, columns, packed[k]);
        };
        for (int k = 0; k < out; ++k) move(k, move_tile_of<false>);
        for (int64_t i = 0; i < columns; ++i) {
          const void* in[kMostOperands];
          for (int k = 0; k < out; ++k) in[k] = row_of(k, i);
          w.loop(w.op, row_of(out, i), in, repeated, rows);
        }
        move(out, move_tile_of<true>);
      }
  });
}

// The walk of operands of which some have their neighbours on the last axis, others on the crossing one.
void walk_crossing(Walk& w, int crossing, int64_t size) {
  int last = w.rank - 1;
  walk_forwards(w, crossing);
  if (!w.copy) return walk_tiles(w, crossing, size);
  walk_forwards(w, last);
  auto neighbours = [&](int k, int axis) { return w.at[k].strides[axis] == w.at[k].item; };
  if (neighbours(0, crossing) && neighbours(1, last)) copy_turned(w, last, crossing, size);
  else if (neighbours(0, last) && neighbours(1, crossing)) copy_turned(w, crossing, last, size);
  else walk_tiles(w, crossing, size);
}

void run_walk(Walk& w, int64_t size) {
  coalesce(w);
  if (int crossing = crossing_axis(w); crossing >= 0) [[unlikely]] return walk_crossing(w, crossing, size);
  bool plain = true, rows = w.rank > 0 && w.dims[w.rank - 1] >= 64;
  for (int k = 0; k < w.operands; ++k) {
    plain &= w.at[k].stored == w.at[k].computed;
    int64_t s = w.rank ? w.at[k].strides[w.rank - 1] : 0;
    rows &= s == w.at[k].item || (s == 0 && k + 1 < w.operands);
  }
  rows &= plain;
  parallel_for(size, std::max(grain(size, w.info->cost), kChunk), [&](int64_t begin, int64_t end) {
    if (rows) walk_rows(w, begin, end);
    else walk_chunks(w, begin, end);
  });
}

// n times what stands there once.
template <class T> void repeat(void* out, int64_t n) {
  T* p = static_cast<T*>(out);
  std::fill_n(p + 1, n - 1, T(*p));
}

void set_operand(Walk& w, int k, const Body& b, const Shape& shape, DType computed) {
  auto& o = w.at[k];
  o.data = static_cast<char*>(b.data);
  o.item = item_size(b.dtype);
  o.stored = b.dtype;
  o.computed = computed;
  int shift = shape.rank() - b.shape.rank();
  for (int i = 0; i < shape.rank(); ++i)
    o.strides[i] = i < shift || (b.shape[i - shift] == 1 && shape[i] != 1) ? 0 : b.strides[i - shift] * o.item;
}

DType computed_in(DType stored) { return stored == DType::kF16 || stored == DType::kBF16 ? DType::kF32 : stored; }

}  // namespace

void run_elementwise(const LoopInfo& info, const void* op, Inputs in, const Tensor& out) {
  const Body& o = out.body();
  int64_t n = o.size;
  if (n == 0) return;
  DType dtype = in[in.size() - 1].dtype();
  Loop loop = info.at[int(dtype)];
  // The common case: everything contiguous and stored as it is computed.
  if (computed_in(dtype) == dtype && o.contiguous) {
    const void* p[kMostOperands];
    unsigned repeated = 0;
    bool direct = true;
    for (int i = 0; i < in.size(); ++i) {
      const Body& b = *in[i].get();
      p[i] = b.data;
      if (b.size == 1) repeated |= 1u << i;
      else if (!b.contiguous || !(b.shape == o.shape)) { direct = false; break; }
    }
    if (direct) {
      if (n == 1) repeated = 0;
      int64_t worth = grain(n, info.cost);
      if (n < 2 * worth) return loop(op, o.data, p, repeated, n);
      int64_t to = info.answers_bool ? 1 : item_size(dtype);
      return parallel_for(n, worth, [&](int64_t begin, int64_t end) {
        const void* q[kMostOperands];
        for (int i = 0; i < in.size(); ++i) q[i] = repeated >> i & 1 ? p[i] : static_cast<const char*>(p[i]) + begin * item_size(in[i].dtype());
        loop(op, static_cast<char*>(o.data) + begin * to, q, repeated, end - begin);
      });
    }
  }
  Walk w;
  w.info = &info;
  w.op = op;
  w.loop = loop;
  w.operands = in.size() + 1;
  w.rank = o.shape.rank();
  for (int i = 0; i < w.rank; ++i) w.dims[i] = o.shape[i];
  for (int i = 0; i < in.size(); ++i) set_operand(w, i, in[i].body(), o.shape, computed_in(in[i].dtype()));
  set_operand(w, in.size(), o, o.shape, info.answers_bool ? DType::kBool : computed_in(dtype));
  run_walk(w, n);
}

void copy_values(const Tensor& to, const Tensor& from) {
  const Body &t = to.body(), &f = from.body();
  if (t.size == 0) return;
  if (t.dtype == f.dtype && t.contiguous && f.contiguous && t.size == f.size) {
    return parallel_for(t.size, grain(t.size, 1), [&](int64_t begin, int64_t end) {
      int64_t item = item_size(t.dtype);
      std::memmove(static_cast<char*>(t.data) + begin * item, static_cast<const char*>(f.data) + begin * item, size_t((end - begin) * item));
    });
  }
  // A copy is a walk whose loop converts; the pair of dtypes travels as the op.
  struct Pair {
    void (*convert)(void*, const void*, int64_t);  // null: bytes as they are
    int64_t item;
  } pair{f.dtype == t.dtype ? nullptr : convert_loops.at[int(f.dtype)][int(t.dtype)], item_size(t.dtype)};
  static const LoopInfo info{{}, 1, 1, false, false};
  Walk w;
  w.info = &info;
  w.op = &pair;
  w.loop = [](const void* op, void* out, const void* const* in, unsigned repeated, int64_t n) {
    const Pair& p = *static_cast<const Pair*>(op);
    if (p.convert) p.convert(out, in[0], repeated ? 1 : n);
    else std::memcpy(out, in[0], size_t((repeated ? 1 : n) * p.item));
    if (!repeated) return;
    switch (p.item) {
      case 1: return repeat<uint8_t>(out, n);
      case 2: return repeat<uint16_t>(out, n);
      case 4: return repeat<uint32_t>(out, n);
      case 16: return repeat<Complex128>(out, n);
      default: return repeat<uint64_t>(out, n);
    }
  };
  w.operands = 2;
  w.copy = f.dtype == t.dtype;
  w.rank = t.shape.rank();
  for (int i = 0; i < w.rank; ++i) w.dims[i] = t.shape[i];
  set_operand(w, 0, f, t.shape, f.dtype);
  set_operand(w, 1, t, t.shape, t.dtype);
  run_walk(w, t.size);
}

}  // namespace reel

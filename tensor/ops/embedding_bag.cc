// Rows of a table by bags of ids. Their sums are an op that reads the rows where they are; weighted sums and largest ones are formulas.
#include <algorithm>
#include <atomic>

#include "tensor/ops/along.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/host.h"
#include "tensor/ops/index.h"
#include "tensor/ops/scatter.h"
#include "tensor/ops/search.h"
#include "tensor/ops/view.h"
#include "tensor/parallel.h"

namespace reel {
namespace {

constexpr int64_t kWork = 32768;  // numbers worth a thread

// The bag of each of n ids: the last that has begun, as empty ones begin where the next does.
Tensor bags_of(const Tensor& starts, int64_t n) {
  NoGrad no_grad;
  return searchsorted(starts, arange(n), "right") - 1;
}

// Inputs table, ids and where each bag starts (int64, in order, checked).
struct BagSum {
  static constexpr const char* name = "embedding_bag";
  static constexpr bool complex = true;
  static constexpr Keep keep = kIn1 | kIn2 | kShapes;
  Spec infer(Inputs in) const {
    if (in[0].rank() != 2) fail(name, "the table must have two axes, [rows, width]", in);
    if (in[0].dtype() == boolean) fail<DTypeError>(name, "bools do not add up (cast to an integer first)", in);
    if (!is_integer(in[1].dtype())) fail<DTypeError>(name, std::string("ids must be integers, not ") + reel::name(in[1].dtype()), in);
    return {Shape{in[2].shape()[0], in[0].shape()[1]}, in[0].dtype()};
  }
  Grads vjp(const Vjp& v) const {
    Tensor ids = v.in(1);
    return {rows_gradient(v, ids, take(v.gy(), bags_of(v.in(2), ids.shape()[0]), 0), 0)};
  }
  // The tables of a batch are one whose rows are longer; ids of a batch are in so many more bags.
  Tensor batch(const Batch& b) const {
    if (b.has(2) || (b.has(0) && b.has(1))) return {};
    int64_t n = b.size(), count = b.in(2).shape()[0];
    if (b.has(0)) {
      const Shape& s = b.in(0).shape();
      Tensor y = apply(*this, reshape(swapaxes(b.in(0), 0, 1), {s[1], n * s[2]}), b.in(1), b.in(2), b.where());
      return swapaxes(reshape(y, {count, n, s[2]}), 0, 1);
    }
    int64_t each = b.in(1).shape()[1];
    Tensor starts = reshape(b.in(2) + expand_dims(arange(n) * each, 1), {n * count});
    return reshape(apply(*this, b.in(0), reshape(b.in(1), {n * each}), starts, b.where()), {n, count, b.in(0).shape()[1]});
  }
};
REEL_KERNEL(BagSum, kCpu) {
  NoGrad no_grad;
  int64_t rows = in[0].shape()[0], width = in[0].shape()[1], n = in[1].size(), count = in[2].size();
  Tensor ids = contiguous(cast(in[1], int64)), starts = contiguous(in[2]);
  const int64_t *id = ids.raw<const int64_t>(), *start = starts.raw<const int64_t>();
  std::atomic<bool> outside = false;
  DType t = out[0].dtype(), through = t == float16 || t == bfloat16 ? float32 : t;
  Tensor table = contiguous(cast(in[0], through)), sum = through == t ? out[0] : Tensor(new_body(out[0].shape(), through, cpu(), {}));
  visit_any(through, [&]<class T>(T*) {
    if constexpr (is_complex_type<T> || (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>)) {
      const T* from = table.raw<const T>();
      parallel_for(count, std::max<int64_t>(1, kWork * count / std::max<int64_t>(1, n * width)), [&](int64_t begin, int64_t end) {
        for (int64_t b = begin; b < end; ++b) {
          T* to = sum.raw<T>() + b * width;
          std::fill(to, to + width, T(0));
          int64_t i = start[b], last = b + 1 < count ? start[b + 1] : n;
          if (!std::all_of(id + i, id + last, [&](int64_t at) { return uint64_t(at) < uint64_t(rows); })) {
            outside = true;
            return;
          }
          for (; i + 4 <= last; i += 4) {  // one by one, the sum staying in a register
            const T *r0 = from + id[i] * width, *r1 = from + id[i + 1] * width, *r2 = from + id[i + 2] * width, *r3 = from + id[i + 3] * width;
#pragma GCC ivdep
            for (int64_t k = 0; k < width; ++k) to[k] = T(T(T(T(to[k] + r0[k]) + r1[k]) + r2[k]) + r3[k]);
          }
          for (; i < last; ++i) {
            const T* row = from + id[i] * width;
#pragma GCC ivdep
            for (int64_t k = 0; k < width; ++k) to[k] = T(to[k] + row[k]);
          }
        }
      });
    }
  });
  for (int64_t i = 0; outside && i < n; ++i)
    if (id[i] < 0 || id[i] >= rows)
      fail<IndexError>(op.name, "id " + std::to_string(id[i]) + " at position [" + std::to_string(i) + "] is outside the " + std::to_string(rows) + " rows of the table",
                       in);
  if (through != t) assign(detach(out[0]), sum);
}

}  // namespace

Tensor embedding_bag(const Tensor& table, const Tensor& ids, std::string_view fold, Where where) {
  return formula(where, [&] {
    const Tensor* in[] = {&table, &ids};
    if (ids.rank() != 2) fail("embedding_bag", "ids must have two axes, [bags, n], or offsets be given", Inputs(in, 2));
    return embedding_bag(table, reshape(ids, {-1}), arange(ids.shape()[0]) * ids.shape()[1], fold);
  });
}
Tensor embedding_bag(const Tensor& table, const Tensor& ids, const Tensor& offsets, std::string_view fold, const Tensor& weights, Where where) {
  return formula(where, [&] {
    const char* op = "embedding_bag";
    const Tensor* operands[] = {&table, &ids, &offsets};
    Inputs in(operands, 3);
    if (fold != "sum" && fold != "mean" && fold != "max") unknown_name("fold of embedding_bag", fold, {"sum", "mean", "max"});
    if (ids.rank() != 1 || offsets.rank() != 1) fail(op, "ids and offsets must have one axis", in);
    if (!is_integer(offsets.dtype())) fail<DTypeError>(op, std::string("offsets must be integers, not ") + name(offsets.dtype()), in);
    if (weights && fold != "sum") fail<Error>(op, "weights go with a sum", in);
    if (weights && !(weights.shape() == ids.shape())) fail(op, "weights must have the shape of ids, not " + to_string(weights.shape()), in);
    Tensor starts = contiguous(cast(on_host(op, offsets), int64));
    int64_t count = starts.size(), n = ids.size();
    Tensor sizes(new_body({count, 1}, int64, cpu(), {}));  // no bag counts as less than one row
    const int64_t* start = starts.raw<const int64_t>();
    if (count == 0 ? n > 0 : start[0] != 0) fail<IndexError>(op, "the first bag must start at 0", in);
    for (int64_t b = 0; b < count; ++b) {
      int64_t end = b + 1 < count ? start[b + 1] : n;
      if (end < start[b] || end > n)
        fail<IndexError>(op, "bag " + std::to_string(b) + " runs from " + std::to_string(start[b]) + " to " + std::to_string(end) + " of " + std::to_string(n) + " ids", in);
      sizes.raw<int64_t>()[b] = std::max<int64_t>(1, end - start[b]);
    }
    if (weights || fold == "max") {
      Tensor rows = embedding(table, ids), bags = bags_of(starts, n);
      return weights ? segment_sum(rows * expand_dims(weights, 1), bags, count) : segment_max(rows, bags, count);
    }
    DType t = is_floating(table.dtype()) ? table.dtype() : float32;
    return fold == "sum" ? apply(BagSum{}, table, ids, starts, where) : apply(BagSum{}, cast(table, t, where), ids, starts, where) / cast(sizes, t);
  });
}

}  // namespace reel

#include "tensor/ops/row_sum.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "tensor/deferred.h"
#include "tensor/parallel.h"

namespace reel {
namespace {

constexpr int64_t kLarge = 1 << 14;  // elements below which the whole gradient stays in the nearest cache
constexpr int64_t kWork = 32768;     // elements worth a thread

class RowSum final : public Deferred {
 public:
  explicit RowSum(const Shape& table) : Deferred(table), width_(table.size() / table[0]) {}

  // False once the updates would take more room than the table.
  bool append(const std::vector<int64_t>& rows, const Tensor& updates) {
    int64_t count = int64_t(at_.size()), more = int64_t(rows.size());
    if (count + more > shape[0]) return false;
    if (count + more > room_) {
      room_ = std::min(shape[0], std::max(2 * room_, count + more));
      Tensor grown(new_body({room_, width_}, float32, cpu(), {}));
      if (count) std::memcpy(grown.raw(), rows_.raw(), size_t(count * width_) * sizeof(float));
      rows_ = std::move(grown);
    }
    std::memcpy(rows_.raw<float>() + count * width_, updates.raw(), size_t(updates.bytes()));
    at_.insert(at_.end(), rows.begin(), rows.end());
    return true;
  }
  // Each task owns a range of rows and looks through all updates: every row meets its own in the order they came, whatever the threads.
  void write(const Tensor& to, float factor, bool add) const override {
    if (!add) std::memset(to.raw(), 0, size_t(to.bytes()));
    int64_t count = int64_t(at_.size());
    parallel_for(shape[0], std::max<int64_t>(1, kWork * shape[0] / (count * width_)), [&](int64_t first, int64_t last) {
      for (int64_t i = 0; i < count; ++i)
        if (at_[size_t(i)] >= first && at_[size_t(i)] < last) add_row(to.raw<float>() + at_[size_t(i)] * width_, row(i), width_, factor);
    });
  }
  bool light() const override { return 2 * int64_t(at_.size()) <= shape[0]; }
  void prepare() override {
    if (order_.size() == at_.size()) return;
    order_.resize(at_.size());
    std::iota(order_.begin(), order_.end(), 0u);
    std::stable_sort(order_.begin(), order_.end(), [&](uint32_t a, uint32_t b) { return at_[a] < at_[b]; });
  }
  void write_part(int64_t begin, int64_t count, float* to) const override {
    std::memset(to, 0, size_t(count) * sizeof(float));
    auto from = std::lower_bound(order_.begin(), order_.end(), begin / width_, [&](uint32_t k, int64_t r) { return at_[k] < r; });
    for (; from != order_.end() && at_[*from] * width_ < begin + count; ++from) {
      int64_t start = at_[*from] * width_, first = std::max(begin, start), last = std::min(begin + count, start + width_);
      add_row(to + (first - begin), row(*from) + (first - start), last - first, 1);
    }
  }

 private:
  int64_t width_, room_ = 0;
  std::vector<int64_t> at_;      // the row of the table that each update is for
  Tensor rows_;                  // the updates, [room, width]
  std::vector<uint32_t> order_;  // of the updates by row, then as they came

  const float* row(int64_t i) const { return rows_.raw<const float>() + i * width_; }
  static void add_row(float* to, const float* x, int64_t n, float factor) {
#pragma GCC ivdep
    for (int64_t k = 0; k < n; ++k) to[k] += factor * x[k];
  }
};

}  // namespace

bool defer_rows(const Vjp& v, int i, const Shape& table, const std::vector<int64_t>& rows, const Tensor& updates) {
  if (updates.dtype() != float32 || updates.device() != cpu() || !updates.contiguous() || updates.size() == 0) return false;
  if (updates.size() / int64_t(rows.size()) * table[0] < kLarge) return false;
  std::unique_ptr<Deferred>* place = v.deferred(i);
  if (!place) return false;
  if (!*place) *place = std::make_unique<RowSum>(table);
  auto* sum = dynamic_cast<RowSum*>(place->get());
  return sum && sum->append(rows, updates);
}

}  // namespace reel

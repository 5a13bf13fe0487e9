#include "tensor/ops/row_sum.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "tensor/deferred.h"
#include "tensor/parallel.h"

namespace reel {
namespace {

constexpr int64_t kLarge = 1 << 14;  // elements below which the whole gradient stays in the nearest cache
constexpr int64_t kWork = 32768;     // elements worth a thread
constexpr int64_t kLargeUpdates = 4096;  // elements that are not worth a copy
constexpr int64_t kAhead = 8;            // updates between the fetching of a row and its use

class RowSum final : public Deferred {
 public:
  explicit RowSum(const Shape& table) : Deferred(table), width_(table.size() / table[0]) {}

  // False once the updates would take more room than the table. Large ones stay where they are, small ones are gathered.
  bool append(std::vector<int64_t> rows, const Tensor& updates) {
    int64_t count = int64_t(at_.size()), more = int64_t(rows.size());
    if (count + more > shape[0]) return false;
    const float* from = updates.raw<const float>();
    if (more * width_ >= kLargeUpdates) {
      held_.push_back(updates);
    } else {
      if (room_ < more) {
        room_ = std::min(shape[0], std::max(2 * gathered_, more));
        held_.push_back(Tensor(new_body({room_, width_}, float32, cpu(), {})));
        next_ = held_.back().raw<float>();
      }
      std::memcpy(next_, from, size_t(updates.bytes()));
      from = std::exchange(next_, next_ + more * width_);
      room_ -= more, gathered_ += more;
    }
    if (pieces_.empty() || pieces_.back().from + (count - pieces_.back().first) * width_ != from) pieces_.push_back({count, from});
    if (count == 0) at_ = std::move(rows);
    else at_.insert(at_.end(), rows.begin(), rows.end());
    return true;
  }
  // Each task owns a range of rows and looks through all updates: every row meets its own in the order they came, whatever the threads.
  void write(const Tensor& to, float factor, bool add) const override {
    if (!add) std::memset(to.raw(), 0, size_t(to.bytes()));
    int64_t count = int64_t(at_.size());
    parallel_for(shape[0], std::max<int64_t>(1, kWork * shape[0] / (count * width_)), [&](int64_t first, int64_t last) {
      float* table = to.raw<float>();
      auto mine = [&](int64_t i) { return at_[size_t(i)] >= first && at_[size_t(i)] < last; };
      for (int64_t i = 0; i < count; ++i) {
        // Rows of a large table are far away and in no order.
        if (int64_t soon = i + kAhead; soon < count && mine(soon))
          for (int64_t k = 0; k < width_; k += 16) __builtin_prefetch(table + at_[size_t(soon)] * width_ + k, 1);
        if (mine(i)) add_row(table + at_[size_t(i)] * width_, update(i), width_, factor);
      }
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
      add_row(to + (first - begin), update(*from) + (first - start), last - first, 1);
    }
  }

 private:
  // Updates from number `first` on that stand one behind the other.
  struct Piece {
    int64_t first;
    const float* from;
  };
  const float* update(int64_t i) const {
    auto piece = std::upper_bound(pieces_.begin() + 1, pieces_.end(), i, [](int64_t k, const Piece& p) { return k < p.first; }) - 1;
    return piece->from + (i - piece->first) * width_;
  }
  int64_t width_;
  std::vector<int64_t> at_;          // the row of the table that each update is for
  std::vector<Piece> pieces_;        // where the updates stand ...
  Tensors held_;                     // ... and what they stand in: tensors as they came, and buffers of gathered ones
  int64_t room_ = 0, gathered_ = 0;  // rows that the last buffer has room for, rows in all of them
  float* next_ = nullptr;
  std::vector<uint32_t> order_;  // of the updates by row, then as they came

  static void add_row(float* to, const float* x, int64_t n, float factor) {
#pragma GCC ivdep
    for (int64_t k = 0; k < n; ++k) to[k] += factor * x[k];
  }
};

}  // namespace

bool defer_rows(const Vjp& v, int i, const Shape& table, std::vector<int64_t> rows, const Tensor& updates) {
  if (updates.dtype() != float32 || updates.device() != cpu() || !updates.contiguous() || updates.size() == 0) return false;
  if (updates.size() / int64_t(rows.size()) * table[0] < kLarge) return false;
  std::unique_ptr<Deferred>* place = v.deferred(i);
  if (!place) return false;
  if (!*place) *place = std::make_unique<RowSum>(table);
  auto* sum = dynamic_cast<RowSum*>(place->get());
  return sum && sum->append(std::move(rows), updates);
}

}  // namespace reel

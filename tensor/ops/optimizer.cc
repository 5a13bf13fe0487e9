#include "tensor/ops/optimizer.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>

#include "tensor/backend.h"
#include "tensor/cpu/convert_loops.h"
#include "tensor/cpu/level.h"
#include "tensor/cpu/optimizer_loops.h"
#include "tensor/ops/copy.h"
#include "tensor/parallel.h"
#include "tensor/profile.h"

namespace reel {

UpdateLoop update_loops[kUpdateRules][2];
REEL_LEVELS(optimizer_loops)

namespace {

const bool installed = install_optimizer_loops();

constexpr int64_t kChunk = 16384;   // elements a task takes at a time
constexpr int64_t kConverted = 512;  // elements converted at a time
constexpr int64_t kPiece = 2048;     // elements of a gradient that is not written out, at a time

// One operand list of an update; an absent one (a state that the rule does without) has no tensors.
struct List {
  const char* name;
  const Tensors* tensors;
};

struct Chunk {
  uint32_t param;
  int64_t begin, count;
};

template <class E = ShapeError> [[noreturn]] void refuse(const char* op, const std::string& why, const List& list, size_t i) {
  throw E(std::string(op) + ": " + list.name + "[" + std::to_string(i) + "] " + why + "\n  a  " + describe((*list.tensors)[i]));
}

// Everything that could be wrong, before anything is written.
void check(const char* op, const List* lists, int count) {
  const Tensors& params = *lists[0].tensors;
  for (int k = 1; k < count; ++k)
    if (lists[k].tensors && lists[k].tensors->size() != params.size())
      throw ShapeError(std::string(op) + ": " + std::to_string(params.size()) + " parameters, " + std::to_string(lists[k].tensors->size()) + " " + lists[k].name);
  struct Range {
    const char *begin, *end;
    int list;
    size_t param;
  };
  std::vector<Range> written;
  for (size_t i = 0; i < params.size(); ++i) {
    if (!(*lists[1].tensors)[i]) continue;
    for (int k = 0; k < count; ++k) {
      if (!lists[k].tensors) continue;
      const Tensor& x = (*lists[k].tensors)[i];
      if (!x) throw Error(std::string(op) + ": " + lists[k].name + "[" + std::to_string(i) + "] is an empty Tensor");
      if (!(x.shape() == params[i].shape())) refuse(op, "must have the parameter's shape " + to_string(params[i].shape()), lists[k], i);
      if (!is_floating(x.dtype())) refuse<DTypeError>(op, "must be a float", lists[k], i);
      if (x.device() != cpu())
        throw DeviceError(std::string(op) + ": no " + to_string(x.device()) + " kernel (has: cpu)\n  a  " + describe(x));
      if (k == 1) continue;
      if (!x.contiguous()) refuse(op, "must be contiguous to be updated in place", lists[k], i);
      if (x.size()) written.push_back({x.raw<const char>(), x.raw<const char>() + x.bytes(), k, i});
    }
  }
  std::sort(written.begin(), written.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
  for (size_t i = 1; i < written.size(); ++i)
    if (written[i].begin < written[i - 1].end) {
      const Range &a = written[i - 1], &b = written[i];
      refuse(op, std::string("shares its values with ") + lists[a.list].name + "[" + std::to_string(a.param) + "]", lists[b.list], b.param);
    }
}

// One chunk whose operands are not all of the dtype the rule computes in: converted piece by piece on the way in and out.
void run_converted(UpdateLoop loop, const UpdateNumbers& numbers, const List* lists, int count, const Chunk& c, DType compute) {
  alignas(64) char buffers[kMostUpdateOperands][kConverted * 8];
  for (int64_t begin = 0; begin < c.count; begin += kConverted) {
    int64_t n = std::min(kConverted, c.count - begin);
    void* at[kMostUpdateOperands] = {};
    char* stored[kMostUpdateOperands] = {};
    DType dtype[kMostUpdateOperands] = {};
    for (int k = 0; k < count; ++k) {
      if (!lists[k].tensors) continue;
      const Tensor& x = (*lists[k].tensors)[c.param];
      dtype[k] = x.dtype();
      stored[k] = x.raw<char>() + (c.begin + begin) * item_size(dtype[k]);
      at[k] = dtype[k] == compute ? stored[k] : buffers[k];
      if (at[k] != stored[k]) convert_loops.at[int(dtype[k])][int(compute)](buffers[k], stored[k], n);
    }
    loop(numbers, at, n);
    for (int k = 0; k < count; ++k)
      if (k != 1 && at[k] != stored[k]) convert_loops.at[int(compute)][int(dtype[k])](stored[k], buffers[k], n);
  }
}

// One chunk whose gradient is not written out: made piece by piece in the nearest cache.
void run_deferred(UpdateLoop loop, const UpdateNumbers& numbers, const List* lists, int count, const Chunk& c, const Deferred& gradient) {
  alignas(64) float piece[kPiece];
  for (int64_t begin = c.begin, end = c.begin + c.count; begin < end; begin += kPiece) {
    int64_t n = std::min(kPiece, end - begin);
    gradient.write_part(begin, n, piece);
    void* at[kMostUpdateOperands] = {nullptr, piece};
    for (int k = 0; k < count; ++k)
      if (k != 1 && lists[k].tensors) at[k] = (*lists[k].tensors)[c.param].raw<float>() + begin;
    loop(numbers, at, n);
  }
}

// The gradient may stay as it is: the update of this parameter takes it piece by piece.
bool stays_deferred(const Gradient& g, const List* lists, int count, size_t i) {
  if (!g.deferred) return false;
  for (int k = 0; k < count; ++k) {
    const Tensors* t = lists[k].tensors;
    if (k != 1 && t && (i >= t->size() || !(*t)[i] || (*t)[i].dtype() != float32 || (*t)[i].device() != cpu() || !((*t)[i].shape() == g.deferred->shape))) return false;
  }
  return true;
}

// lists[1] is the gradients'.
void update(const char* op, UpdateRule rule, const UpdateNumbers& numbers, const Gradients& gradients, List* lists, int count, Where where) {
  const Tensors& params = *lists[0].tensors;
  formula(where, [&] {
    NoGrad no_grad;
    Tensors grads;
    std::vector<Deferred*> deferred(gradients.size());
    grads.reserve(gradients.size());
    for (size_t i = 0; i < gradients.size(); ++i) {
      if (stays_deferred(gradients[i], lists, count, i)) deferred[i] = gradients[i].deferred.get();
      grads.push_back(deferred[i] ? params[i] : gradients[i].written());  // the parameter stands for one that there is nothing to check of
    }
    lists[1].tensors = &grads;
    check(op, lists, count);
    int64_t bytes = 0;
    for (int k = 0; k < count && (mode() & kProfile); ++k)
      for (size_t i = 0; lists[k].tensors && i < params.size(); ++i)
        if (grads[i]) bytes += (*lists[k].tensors)[i].bytes();
    ProfileSpan span(op, where, bytes);
    std::vector<Chunk> chunks;
    chunks.reserve(params.size());
    for (size_t i = 0; i < params.size(); ++i) {
      if (!grads[i]) continue;
      for (int k = 0; k < count; ++k)
        if (k != 1 && lists[k].tensors) begin_write((*lists[k].tensors)[i], op, where);
      if (!deferred[i]) {
        grads[i] = contiguous(grads[i]);
      } else if (rule == UpdateRule::kSgd && numbers.keep == 1) {
        deferred[i]->write(params[i], float(-numbers.rate * numbers.gradient_scale), true);
        continue;
      } else {
        deferred[i]->prepare();
      }
      for (int64_t begin = 0; begin < params[i].size(); begin += kChunk)
        chunks.push_back({uint32_t(i), begin, std::min(kChunk, params[i].size() - begin)});
    }
    auto run = [&](const Chunk& c) {
      const Tensor& w = params[c.param];
      DType compute = w.dtype() == float64 ? float64 : float32;
      UpdateLoop loop = update_loops[int(rule)][compute == float64];
      if (const Deferred* g = deferred[c.param]) return run_deferred(loop, numbers, lists, count, c, *g);
      void* at[kMostUpdateOperands] = {};
      for (int k = 0; k < count; ++k) {
        if (!lists[k].tensors) continue;
        const Tensor& x = (*lists[k].tensors)[c.param];
        if (x.dtype() != compute) return run_converted(loop, numbers, lists, count, c, compute);
        at[k] = x.raw<char>() + c.begin * item_size(compute);
      }
      loop(numbers, at, c.count);
    };
    int64_t elements = 0;
    for (const Chunk& c : chunks) elements += c.count;
    // Small models stay on this thread.
    parallel_for(int64_t(chunks.size()), elements < 2 * kChunk ? int64_t(chunks.size()) : 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) run(chunks[size_t(i)]);
    });
  });
}

const Tensors* given(const Tensors& t) { return t.empty() ? nullptr : &t; }

}  // namespace

void sgd_update(const Tensors& params, const Gradients& grads, const Tensors& momenta, const SgdUpdate& o, Where where) {
  bool plain = o.momentum == 0;
  UpdateNumbers numbers{o.learning_rate, 1 - o.weight_decay * o.learning_rate, o.gradient_scale, o.momentum};
  List lists[] = {{"parameters", &params}, {"gradients", nullptr}, {"momenta", plain ? nullptr : &momenta}};
  update("sgd_update", plain ? UpdateRule::kSgd : o.nesterov ? UpdateRule::kNesterov : UpdateRule::kMomentum, numbers, grads, lists, 3, where);
}

void adam_update(const Tensors& params, const Gradients& grads, const Tensors& m, const Tensors& v, const AdamUpdate& o, const Tensors& v_max, Where where) {
  double step = double(o.step);
  if (o.step < 1) formula(where, [&] { throw Error("adam_update: step counts from 1, got " + std::to_string(o.step)); });
  double rate = o.learning_rate * std::sqrt(1 - std::pow(o.beta_2, step)) / (1 - std::pow(o.beta_1, step));
  UpdateNumbers numbers{rate, 1 - o.weight_decay * o.learning_rate, o.gradient_scale, o.beta_1, o.beta_2, o.epsilon};
  List lists[] = {{"parameters", &params}, {"gradients", nullptr}, {"m", &m}, {"v", &v}, {"v_max", given(v_max)}};
  update("adam_update", v_max.empty() ? UpdateRule::kAdam : UpdateRule::kAmsgrad, numbers, grads, lists, 5, where);
}

void adagrad_update(const Tensors& params, const Gradients& grads, const Tensors& accumulators, const AdagradUpdate& o, Where where) {
  UpdateNumbers numbers{o.learning_rate, 1 - o.weight_decay * o.learning_rate, o.gradient_scale, 0, 0, o.epsilon};
  List lists[] = {{"parameters", &params}, {"gradients", nullptr}, {"accumulators", &accumulators}};
  update("adagrad_update", UpdateRule::kAdagrad, numbers, grads, lists, 3, where);
}

void rmsprop_update(const Tensors& params, const Gradients& grads, const Tensors& velocities, const Tensors& means, const Tensors& momenta,
                    const RmspropUpdate& o, Where where) {
  UpdateNumbers numbers{o.learning_rate, 1 - o.weight_decay * o.learning_rate, o.gradient_scale, o.momentum, o.rho, o.epsilon};
  List lists[] = {{"parameters", &params}, {"gradients", nullptr}, {"velocities", &velocities}, {"means", given(means)}, {"momenta", given(momenta)}};
  update("rmsprop_update", UpdateRule::kRmsprop, numbers, grads, lists, 5, where);
}

namespace {
// By the bits, so that the loop is vectorized: neither infinity nor NaN has an exponent below the highest.
template <class Bits> bool finite_bits(const void* data, int64_t n, Bits exponent) {
  const Bits* p = static_cast<const Bits*>(data);
  Bits found = 0;
  for (int64_t i = 0; i < n; ++i) found |= Bits((p[i] & exponent) == exponent);
  return !found;
}
bool finite(const void* data, int64_t n, DType t) {
  switch (t) {
    case DType::kF16: return finite_bits<uint16_t>(data, n, 0x7c00);
    case DType::kBF16: return finite_bits<uint16_t>(data, n, 0x7f80);
    case DType::kF32: return finite_bits<uint32_t>(data, n, 0x7f800000u);
    default: return finite_bits<uint64_t>(data, n, 0x7ff0000000000000u);
  }
}
}  // namespace

bool all_finite(const Gradients& grads) {
  NoGrad no_grad;
  std::atomic<bool> all = true;
  for (const Gradient& g : grads) {
    if (!g || (g.tensor && (!is_floating(g.tensor.dtype()) || g.tensor.device() != cpu()))) continue;  // the update will say what it cannot take
    Tensor x = g.deferred ? Tensor() : contiguous(g.tensor);
    if (g.deferred) g.deferred->prepare();
    parallel_for(g.deferred ? g.deferred->shape.size() : x.size(), kChunk, [&](int64_t begin, int64_t end) {
      alignas(64) float piece[kPiece];
      for (; begin < end && all.load(std::memory_order_relaxed); begin += kPiece) {
        int64_t n = std::min(kPiece, end - begin);
        if (g.deferred) g.deferred->write_part(begin, n, piece);
        if (!(g.deferred ? finite(piece, n, float32) : finite(x.raw<const char>() + begin * item_size(x.dtype()), n, x.dtype())))
          all.store(false, std::memory_order_relaxed);
      }
    });
    if (!all) return false;
  }
  return true;
}

}  // namespace reel

#pragma once
// The thread-local mode word that apply reads once per op: the plain case pays one branch, a new mode is one more bit.
#include <cstdint>

namespace reel {

inline constexpr uint32_t kNoRecord = 1;  // nothing goes on a tape
inline constexpr uint32_t kCheckNan = 2;  // every float output is looked through
inline constexpr uint32_t kTraining = 4;  // dropout and batch normalization behave as in training
inline constexpr uint32_t kForget = 8;      // what is recorded keeps no values: a checkpoint's first run
inline constexpr uint32_t kRemember = 16;   // a checkpoint looks at every op: tensor/trace.h
inline constexpr uint32_t kTracing = 32;    // inside vmap or jvp
inline constexpr uint32_t kNoRandom = 64;   // drawing random numbers is an error ...
inline constexpr uint32_t kEachRandom = 128;  // ... or every element of the batch draws its own
inline constexpr uint32_t kFormula = 256;  // ops carry the line of the formula they are part of
inline constexpr uint32_t kProfile = 512;  // kernels are timed: tensor/profile.h
inline constexpr uint32_t kAutocast = 1024;  // operands are cast as the lists of the ops say: tensor/autocast.h
inline constexpr uint32_t kObserved = kCheckNan | kRemember | kTracing | kProfile | kAutocast;  // the gate takes the long way

namespace detail {
// One word a thread; constant-initialised so that reading it needs no guard.
extern constinit thread_local uint32_t mode __attribute__((tls_model("initial-exec")));
}  // namespace detail

inline uint32_t mode() { return detail::mode; }

// Sets and clears bits until the end of the scope.
class ModeScope {
 public:
  ModeScope(uint32_t set, uint32_t clear) : before_(detail::mode) { detail::mode = (before_ | set) & ~clear; }
  ~ModeScope() { detail::mode = before_; }
  ModeScope(const ModeScope&) = delete;

 private:
  uint32_t before_;
};

// `NoGrad no_grad;`: results computed in this scope carry no history.
struct NoGrad : ModeScope { NoGrad() : ModeScope(kNoRecord, 0) {} };
// Recording again inside a NoGrad scope.
struct EnableGrad : ModeScope { EnableGrad() : ModeScope(0, kNoRecord) {} };
// `Training training;`: layers behave as during fit.
struct Training : ModeScope { explicit Training(bool on = true) : ModeScope(on ? kTraining : 0, on ? 0 : kTraining) {} };
inline bool recording() { return !(mode() & kNoRecord); }
inline bool training() { return mode() & kTraining; }

}  // namespace reel

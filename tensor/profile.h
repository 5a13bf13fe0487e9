#pragma once
// Where a program's time goes: every op that runs inside profile(f), with its time, bytes and arithmetic. Without it nothing is paid.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tensor/mode.h"
#include "tensor/where.h"

namespace reel {

// One kernel's run.
struct ProfileEvent {
  const char* op;
  Where where;            // the line that asked for it; of a gradient, the forward line
  double start, seconds;  // since the profile began; how long, with the ops that its kernel called
  double alone;           // how long without them
  int64_t bytes;          // of its operands and results
  double flop;            // multiplications and additions of a product; 0 where the op does not say
  int depth;              // inside how many other kernels
};
// All runs of one op.
struct OpProfile {
  std::string op;
  int64_t calls = 0;
  double seconds = 0;  // in its kernel alone
  int64_t bytes = 0;
  double flop = 0;
};
struct Profile {
  double seconds = 0;                // of the whole function
  std::vector<ProfileEvent> events;  // in the order they ended, at most kMostEvents of them
  std::vector<OpProfile> ops;        // the longest first
  double copied_per_second = 0;      // bytes that a copy of a large array reads and writes on this machine, now
  double flop_per_second = 0;        // that a large float product reaches
  static constexpr int64_t kMostEvents = 1000000;
};

namespace detail {
Profile run_profile(void (*f)(void* context), void* context);
}
// Runs f once and answers where its time went. It sees the ops of the calling thread (whose kernels may use all threads). On a GPU it
// sees the launches; set REEL_SYNC=1 to see the kernels. What f throws passes through.
template <class F> Profile profile(F&& f) {
  return detail::run_profile([](void* g) { (*static_cast<std::remove_reference_t<F>*>(g))(); }, &f);
}

// A table: one line for each op, with GB/s and GFLOP/s and what part of the machine's they are.
std::string to_string(const Profile& profile);
void print(const Profile& profile);

// What is not an op but takes time (an optimizer's update): until the end of the scope, when a profile runs.
class ProfileSpan {
 public:
  ProfileSpan(const char* name, Where where, int64_t bytes = 0, double flop = 0) : on_(mode() & kProfile) {
    if (on_) [[unlikely]] begin(name, where, bytes, flop);
  }
  ~ProfileSpan() {
    if (on_) [[unlikely]] end();
  }
  ProfileSpan(const ProfileSpan&) = delete;

 private:
  bool on_;
  static void begin(const char* name, Where where, int64_t bytes, double flop);
  static void end();
};

}  // namespace reel

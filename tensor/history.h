#pragma once
// Where a tensor came from: tensor/ only carries it, autograd/ (and nn/ for symbolic tensors) give it meaning.
#include <atomic>
#include <cstdint>
#include <string>

namespace reel {

struct Call;  // tensor/op.h

class History {
 public:
  // Called by apply after the kernels ran, for the first input that has a history. May set the histories of call.out.
  virtual void record(const Call& call) = 0;
  // "relu at train.cc:49" or "variable \"head/kernel\"".
  virtual std::string origin() const = 0;
  virtual bool is_variable() const { return false; }
  // Of a recorded view: the history of what it views; else null.
  virtual const History* viewed() const { return nullptr; }

  void retain() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (refs_.load(std::memory_order_acquire) == 1 || refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }

 protected:
  History() = default;
  ~History() = default;
  virtual void destroy() = 0;

 private:
  std::atomic<int32_t> refs_{1};
};

}  // namespace reel

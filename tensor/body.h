#pragma once
// What a Tensor points to. Plain members, readable by a debugger without calling anything.
#include "tensor/device.h"
#include "tensor/dtype.h"
#include "tensor/history.h"
#include "tensor/shape.h"
#include "tensor/storage.h"

namespace reel {

struct OpType;

struct Body {
  std::atomic<int32_t> refs{1};
  DType dtype;
  Device device;
  uint8_t output = 0;            // which output of its op this is
  bool contiguous = true;        // row-major without gaps
  bool is_view = false;          // shares its storage with the tensor it was taken from
  uint32_t version = 0;          // of the storage when the history was made: an older one is stale
  Storage* storage = nullptr;
  void* data = nullptr;          // the first element
  int64_t size = 0;              // elements
  History* history = nullptr;    // null: a constant
  const OpType* made_by = nullptr;
  Where where;                   // the line that made it
  Shape shape;
  int64_t strides[kMaxRank];     // in elements, of either sign
};

// Uninitialised tensor bodies and their end; views share storage and count it.
Body* new_body(const Shape& shape, DType dtype, Device device, Where where);
Body* new_view(const Body& of, const Shape& shape, const int64_t* strides, int64_t offset, Where where);
void destroy(Body* body);
bool row_major(const Shape& shape, const int64_t* strides);

inline void retain(Body* b) { b->refs.fetch_add(1, std::memory_order_relaxed); }
inline void release(Body* b) {
  if (b->refs.load(std::memory_order_acquire) == 1 || b->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy(b);
}

}  // namespace reel

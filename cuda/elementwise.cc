#include "tensor/gpu/elementwise.h"

#include "cuda/device.h"

namespace reel::gpu {

void run_elementwise(const char* name, const Launchers& launchers, const void* op, Inputs in, const Tensor& out) {
  if (out.size() == 0) return;
  ElementwiseCall call{};
  const Body* operands[kMostOperands];
  int count = in.size();
  for (int i = 0; i < count; ++i) {
    operands[i] = in[i].get();
    call.in[i] = operands[i]->data;
  }
  operands[count] = out.get();
  call.out = out.raw();
  Walk walk = walk_over(out.shape(), operands, count + 1);
  // Dense: each operand lies as the output does, which lies in the order of the walk.
  bool dense = walk.rank <= 1;
  for (int k = 0; k <= count; ++k) {
    int64_t stride = walk.rank ? walk.strides[k][0] : 0;
    if (stride == 0 && k < count) call.repeated |= 1u << k;
    else dense &= (stride == 1 || walk.rank == 0) && reinterpret_cast<uintptr_t>(operands[k]->data) % 16 == 0;
  }
  call.op = op;
  call.walk = &walk;
  call.stream = stream_of(out.device());
  int dtype = int(in[count - 1].dtype());
  (dense ? launchers.dense : launchers.strided)[dtype](call);
  check_launch(name, call.stream);
}

}  // namespace reel::gpu

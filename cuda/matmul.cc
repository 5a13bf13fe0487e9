// Matrix products through cuBLASLt. It thinks in column-major matrices, in which our row-major result is its transpose: the operands
// are handed over in reverse order. float32 is IEEE float32, never TF32; the 16-bit floats are summed in float32.
#include <cublasLt.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <mutex>

#include "cuda/device.h"
#include "tensor/gpu/walk.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/matmul_op.h"

namespace reel::gpu {
namespace {

constexpr int64_t kWorkspace = 32 << 20;   // what NVIDIA's guide recommends for Hopper
constexpr int64_t kMostBatch = 65535;
constexpr size_t kMostPlans = 4096;

void check_blas(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS) throw DeviceError(std::string("matmul: ") + call + ": " + cublasLtGetStatusString(status));
}

// The device must be current.
cublasLtHandle_t handle_of(Device device) {
  static std::mutex mutex;
  static std::map<int, cublasLtHandle_t> handles;
  std::lock_guard lock(mutex);
  cublasLtHandle_t& handle = handles[device.index];
  if (!handle) check_blas(cublasLtCreate(&handle), "cublasLtCreate");
  return handle;
}

// One operand as cuBLASLt reads it: `rows` by `columns`, column by column, `leading` elements from one to the next.
struct Matrix {
  const char* data;
  int64_t rows, columns, leading, batch_stride;
  bool transposed;
};

// The transpose of x's matrices, or x's matrices marked to be transposed; without a unit stride they are copied first.
Matrix matrix_of(Tensor& x) {
  for (bool copied = false;; copied = true) {
    const Body& b = x.body();
    int r = b.shape.rank();
    int64_t m = b.shape[r - 2], n = b.shape[r - 1], row = b.strides[r - 2], column = b.strides[r - 1];
    const char* data = static_cast<const char*>(b.data);
    if (copied || ((column == 1 || n == 1) && (row >= n || m == 1))) return {data, n, m, std::max<int64_t>(m == 1 ? n : row, n), 0, false};
    if ((row == 1 || m == 1) && (column >= m || n == 1)) return {data, m, n, std::max<int64_t>(n == 1 ? m : column, m), 0, true};
    x = clone(x);
  }
}

struct Types {
  cudaDataType_t stored, scale;
  cublasComputeType_t compute;
};
Types types_of(DType t) {
  switch (t) {
    case DType::kF64: return {CUDA_R_64F, CUDA_R_64F, CUBLAS_COMPUTE_64F};
    case DType::kF16: return {CUDA_R_16F, CUDA_R_32F, CUBLAS_COMPUTE_32F};
    case DType::kBF16: return {CUDA_R_16BF, CUDA_R_32F, CUBLAS_COMPUTE_32F};
    default: return {CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F};
  }
}

// A product's description and the algorithm that cuBLASLt's heuristics choose for it.
struct Plan {
  cublasLtMatmulDesc_t product = nullptr;
  cublasLtMatrixLayout_t layouts[3] = {};
  cublasLtMatmulAlgo_t algorithm;
  size_t workspace = 0;

  Plan() = default;
  Plan(const Plan&) = delete;
  ~Plan() {
    for (cublasLtMatrixLayout_t l : layouts)
      if (l) cublasLtMatrixLayoutDestroy(l);
    if (product) cublasLtMatmulDescDestroy(product);
  }
};

struct Product {
  Device device;
  DType dtype;
  int64_t batch;
  Matrix operand[3];  // b, a, out

  int64_t alignment(int i) const {
    auto address = reinterpret_cast<uintptr_t>(operand[i].data);
    return int64_t(std::min<uintptr_t>(address & (~address + 1), 256));
  }
  using Key = std::array<int64_t, 21>;
  Key key() const {
    Key k{device.index, int64_t(dtype), batch};
    for (size_t i = 0; i < 3; ++i) {
      const Matrix& m = operand[i];
      const int64_t values[] = {m.rows, m.columns, m.leading, m.batch_stride, m.transposed, alignment(int(i))};
      std::copy(std::begin(values), std::end(values), k.begin() + 3 + std::ptrdiff_t(i) * 6);
    }
    return k;
  }
};

std::shared_ptr<const Plan> make_plan(const Product& p) {
  auto plan = std::make_shared<Plan>();
  Types types = types_of(p.dtype);
  check_blas(cublasLtMatmulDescCreate(&plan->product, types.compute, types.scale), "cublasLtMatmulDescCreate");
  for (int i = 0; i < 2; ++i) {
    cublasOperation_t operation = p.operand[i].transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    check_blas(cublasLtMatmulDescSetAttribute(plan->product, i ? CUBLASLT_MATMUL_DESC_TRANSB : CUBLASLT_MATMUL_DESC_TRANSA, &operation, sizeof operation),
          "cublasLtMatmulDescSetAttribute");
  }
  for (int i = 0; i < 3; ++i) {
    const Matrix& m = p.operand[i];
    cublasLtMatrixLayout_t& layout = plan->layouts[i];
    check_blas(cublasLtMatrixLayoutCreate(&layout, types.stored, uint64_t(m.rows), uint64_t(m.columns), m.leading), "cublasLtMatrixLayoutCreate");
    int32_t batch = int32_t(p.batch);
    check_blas(cublasLtMatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batch, sizeof batch), "cublasLtMatrixLayoutSetAttribute");
    check_blas(cublasLtMatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &m.batch_stride, sizeof m.batch_stride),
          "cublasLtMatrixLayoutSetAttribute");
  }
  cublasLtMatmulPreference_t preference;
  check_blas(cublasLtMatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate");
  std::unique_ptr<cublasLtMatmulPreferenceOpaque_t, cublasStatus_t (*)(cublasLtMatmulPreference_t)> owner(preference, &cublasLtMatmulPreferenceDestroy);
  auto prefer = [&](cublasLtMatmulPreferenceAttributes_t what, auto value) {
    check_blas(cublasLtMatmulPreferenceSetAttribute(preference, what, &value, sizeof value), "cublasLtMatmulPreferenceSetAttribute");
  };
  prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t(kWorkspace));
  // Parts of a sum are added as they were computed, not rounded to 16 bits in between.
  prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, uint32_t(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, uint32_t(p.alignment(0)));
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, uint32_t(p.alignment(1)));
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, uint32_t(p.alignment(2)));
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, uint32_t(p.alignment(2)));
  cublasLtMatmulHeuristicResult_t found;
  int count = 0;
  check_blas(cublasLtMatmulAlgoGetHeuristic(handle_of(p.device), plan->product, plan->layouts[0], plan->layouts[1], plan->layouts[2], plan->layouts[2], preference,
                                       1, &found, &count), "cublasLtMatmulAlgoGetHeuristic");
  if (count == 0) check_blas(CUBLAS_STATUS_NOT_SUPPORTED, "cublasLtMatmulAlgoGetHeuristic");
  check_blas(found.state, "cublasLtMatmulAlgoGetHeuristic");
  plan->algorithm = found.algo;
  plan->workspace = found.workspaceSize;
  return plan;
}

// The heuristics take longer than a small product: their answers are kept by shape.
std::shared_ptr<const Plan> plan_of(const Product& p) {
  static std::mutex mutex;
  static auto& plans = *new std::map<Product::Key, std::shared_ptr<const Plan>>;
  Product::Key key = p.key();
  {
    std::lock_guard lock(mutex);
    auto it = plans.find(key);
    if (it != plans.end()) return it->second;
  }
  std::shared_ptr<const Plan> plan = make_plan(p);
  std::lock_guard lock(mutex);
  if (plans.size() >= kMostPlans) plans.clear();
  plans.emplace(key, plan);
  return plan;
}

void run(const Product& p) {
  cudaStream_t stream = stream_of(p.device);
  std::shared_ptr<const Plan> plan = plan_of(p);
  Tensor workspace;
  if (plan->workspace) workspace = Tensor(new_body(Shape{int64_t(plan->workspace)}, DType::kU8, p.device, {}));
  const float one = 1, zero = 0;
  const double wide_one = 1, wide_zero = 0;
  bool wide = p.dtype == DType::kF64;
  auto* out = const_cast<char*>(p.operand[2].data);
  check_blas(cublasLtMatmul(handle_of(p.device), plan->product, wide ? static_cast<const void*>(&wide_one) : &one, p.operand[0].data, plan->layouts[0],
                       p.operand[1].data, plan->layouts[1], wide ? static_cast<const void*>(&wide_zero) : &zero, out, plan->layouts[2], out,
                       plan->layouts[2], &plan->algorithm, workspace ? workspace.raw() : nullptr, plan->workspace, stream), "cublasLtMatmul");
  check_launch("matmul", stream);
}

// The stack's last axis goes to cuBLASLt as a batch, the axes before it one after the other.
void run_stack(Product p, const Walk& stack, int axis) {
  int64_t item = item_size(p.dtype);
  auto advance = [&](int64_t count) {
    for (int i = 0; i < 3; ++i) p.operand[i].data += count * stack.strides[i][axis] * item;
  };
  if (axis < stack.rank - 1) {
    for (int64_t i = 0; i < stack.dims[axis]; ++i, advance(1)) run_stack(p, stack, axis + 1);
    return;
  }
  for (int i = 0; i < 3; ++i) p.operand[i].batch_stride = stack.rank ? stack.strides[i][axis] : 0;
  int64_t count = stack.rank ? stack.dims[axis] : 1;
  for (int64_t done = 0; done < count; done += kMostBatch, advance(kMostBatch)) {
    p.batch = std::min(kMostBatch, count - done);
    run(p);
  }
}

// A stack is walked forward.
Tensor forward(const Tensor& x) {
  for (int i = 0; i < x.rank() - 2; ++i)
    if (x.strides()[size_t(i)] < 0) return clone(x);
  return x;
}

REEL_KERNEL(Matmul, kCuda) {
  DType t = out[0].dtype();
  if (!is_floating(t)) fail<DTypeError>(Matmul::name, std::string("on a GPU is defined for floats, not for ") + name(t) + " (cast the operands, or to(x, cpu()))", in);
  if (out[0].size() == 0) return;
  if (in[0].size() == 0) {
    check(cudaMemsetAsync(out[0].raw(), 0, size_t(out[0].bytes()), stream_of(out[0].device())), "cudaMemsetAsync");
    return;
  }
  NoGrad no_grad;
  Tensor a = forward(in[0]), b = forward(in[1]), y = out[0];
  Product p{y.device(), t, 1, {matrix_of(b), matrix_of(a), matrix_of(y)}};
  const Body* operands[] = {b.get(), a.get(), y.get()};
  Walk stack;
  stack.operands = 3;
  const Shape& s = y.shape();
  for (int i = 0; i < s.rank() - 2; ++i) {
    int64_t strides[kMostOperands];
    for (int k = 0; k < 3; ++k) {
      const Body& body = *operands[k];
      int own = i - (s.rank() - body.shape.rank());
      strides[k] = own < 0 || body.shape[own] == 1 ? 0 : body.strides[own];
    }
    stack.push(s[i], strides);
  }
  run_stack(p, stack, 0);
}

}  // namespace
}  // namespace reel::gpu

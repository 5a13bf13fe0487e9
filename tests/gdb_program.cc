// What gdb_test.sh looks at: an optimized program that stops where tensors of all kinds are alive.
#include <reel.h>

#include <cstdlib>

using namespace reel;

[[gnu::noinline]] void look(const Tensor& x, const Tensor& w, const Tensor& y, const Tensor& loss, const Tensors& many, const Tensor& none) {
  // What is read here stays in reach of the debugger.
  if (many.size() + size_t(x.size() + w.size() + y.size() + loss.size()) == 0 && none) std::exit(3);
}

int main() {
  Tensor x = reshape(arange(8), {4, 2}), none;
  Tensor w = variable(tensor({{0.5, -1.}}), "head/kernel");
  Tensor y = softmax(cast(x, float32) * w, 1);
  Tensor loss = sum(y, {0, -1});
  Tensors many{transpose(x), cast(w, bfloat16), x > 3};
  look(x, w, y, loss, many, none);
}

// The smallest training program, for the rows on compile time, start-up and memory.
#include <reel.h>
using namespace reel;

int main() {
  nn::Sequential model{nn::Dense(8, {.activation = "relu"}), nn::Dense(1)};
  nn::SGD sgd({.learning_rate = 0.1});
  Tensor x = ones({4, 2}), y = zeros({4, 1});
  for (int i = 0; i < 3; ++i) {
    backward(nn::mean_squared_error(y, model(x)));
    sgd.step(model.trainable_variables());
  }
  print(nn::mean_squared_error(y, model(x)));
}

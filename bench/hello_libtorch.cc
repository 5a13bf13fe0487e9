// The peer's side of hello_reel.cc.
#include <torch/torch.h>
#include <iostream>

int main() {
  torch::nn::Sequential model(torch::nn::Linear(2, 8), torch::nn::ReLU(), torch::nn::Linear(8, 1));
  torch::optim::SGD sgd(model->parameters(), 0.1);
  torch::Tensor x = torch::ones({4, 2}), y = torch::zeros({4, 1});
  for (int i = 0; i < 3; ++i) {
    sgd.zero_grad();
    torch::mse_loss(model->forward(x), y).backward();
    sgd.step();
  }
  std::cout << torch::mse_loss(model->forward(x), y) << '\n';
}

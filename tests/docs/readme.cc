// The programs of README.md.
#include <reel.h>
using namespace reel;

int main() {
  auto [train, test] = datasets::mnist();
  nn::Sequential model{nn::Conv2D(32, 3, {.activation = "relu"}), nn::MaxPooling2D(2), nn::Flatten(),
                       nn::Dropout(0.5), nn::Dense(10)};
  model.compile({.optimizer = nn::Adam({.learning_rate = 1e-3}),
                 .loss = nn::SparseCategoricalCrossentropy({.from_logits = true}), .metrics = {"accuracy"}});
  model.fit(train.x, train.y, {.batch_size = 128, .epochs = 3, .validation_split = 0.1});
  model.evaluate(test.x, test.y);
  model.save("mnist.keras");          // Python's Keras opens this file
}

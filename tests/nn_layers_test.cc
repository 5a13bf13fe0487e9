// Layers of images, sequences and volumes against the stored cases of keras-js (Keras 2's numbers), and losses by name.
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "files.h"
#include "stored_cases.h"

using namespace reel;
using namespace reel::test;
using nlohmann::json;

namespace {

Tensor array(const json& x) {
  Shape s;
  for (int64_t d : x["shape"]) s.push(d);
  return tensor(x["data"].get<std::vector<float>>(), s);
}
template <int N> nn::Sizes<N> sizes(const json& attrs, const char* key, int64_t missing = 1) {
  nn::Sizes<N> s(missing);
  if (!attrs.contains(key) || attrs[key].is_null()) return s;
  for (int i = 0; i < N; ++i) s.at[i] = attrs[key].is_array() ? attrs[key][size_t(i)].get<int64_t>() : attrs[key].get<int64_t>();
  return s;
}
template <int N> nn::Margins<N> margins(const json& x) {
  nn::Margins<N> m(0);
  for (int i = 0; i < N; ++i) {
    const json& v = N == 1 && x.is_array() && x[0].is_number() ? x : x.is_array() ? x[size_t(i)] : x;
    if (v.is_array()) m.at[size_t(i)] = {v[0], v[1]};
    else m.at[size_t(i)] = {v.get<int64_t>(), v.get<int64_t>()};
  }
  return m;
}

// make(attrs) for each case of a file: built on its input, given its weights, called.
template <class F> void check_cases(const char* file, F&& make) {
  std::string path = real_data(std::string("keras-js/layers/") + file + ".json");
  if (path.empty()) return;
  json all = json::parse(std::ifstream(path));
  int done = 0;
  for (const json& c : all["cases"]) {
    const json& a = c["attrs"];
    std::string key = c["key"].get<std::string>();
    CAPTURE(key);
    if (a.value("data_format", "channels_last") != "channels_last") continue;
    Tensor x = expand_dims(array(c["input"]), 0);
    nn::Layer layer = make(a);
    layer(x);
    auto w = nn::weights(layer);
    if (c.contains("weights")) {
      REQUIRE(w.size() == c["weights"].size());
      NoGrad no_grad;
      for (size_t i = 0; i < w.size(); ++i) {
        Tensor given = array(c["weights"][i]);
        REQUIRE(given.size() == w[i].second.value.size());
        assign(w[i].second.value, reshape(given, w[i].second.value.shape()));
      }
    }
    CHECK(StoredCases::distance(layer(x), expand_dims(array(c["expected"]), 0)) < 1e-4);  // stored with six digits
    ++done;
  }
  CHECK(done > 0);
}
Tensor old_hard_sigmoid(const Tensor& x) { return clip(x * 0.2 + 0.5, 0, 1); }  // Keras 2's

}  // namespace

TEST_CASE("convolution layers agree with keras-js") {
  auto one = [](const json& a) {
    return nn::Conv1D(a["filters"], sizes<1>(a, "kernel_size"), {.strides = sizes<1>(a, "strides"), .padding = a["padding"].get<std::string>(),
                      .dilation_rate = sizes<1>(a, "dilation_rate"), .activation = a["activation"].get<std::string>(), .use_bias = a["use_bias"]});
  };
  check_cases("convolutional/Conv1D", one);
  check_cases("convolutional/Conv3D", [](const json& a) {
    return nn::Conv3D(a["filters"], sizes<3>(a, "kernel_size"), {.strides = sizes<3>(a, "strides"), .padding = a["padding"].get<std::string>(),
                      .dilation_rate = sizes<3>(a, "dilation_rate"), .activation = a["activation"].get<std::string>(), .use_bias = a["use_bias"]});
  });
  check_cases("convolutional/Conv2DTranspose", [](const json& a) {
    return nn::Conv2DTranspose(a["filters"], sizes<2>(a, "kernel_size"), {.strides = sizes<2>(a, "strides"), .padding = a["padding"].get<std::string>(),
                               .activation = a["activation"].get<std::string>(), .use_bias = a["use_bias"]});
  });
  check_cases("convolutional/SeparableConv2D", [](const json& a) {
    auto k = sizes<2>(a, "kernel_size"), s = sizes<2>(a, "strides");
    return nn::SeparableConv2D(a["filters"], {k.at[0], k.at[1]}, {.strides = {s.at[0], s.at[1]}, .padding = a["padding"].get<std::string>(),
                               .depth_multiplier = a["depth_multiplier"], .activation = a["activation"].get<std::string>(), .use_bias = a["use_bias"]});
  });
}

TEST_CASE("poolings, padding, cropping and repetition agree with keras-js") {
  auto options1 = [](const json& a) { return nn::WindowPoolingOptions<1>{.strides = sizes<1>(a, "strides", 0), .padding = a["padding"].get<std::string>()}; };
  auto options3 = [](const json& a) { return nn::WindowPoolingOptions<3>{.strides = sizes<3>(a, "strides", 0), .padding = a["padding"].get<std::string>()}; };
  check_cases("pooling/MaxPooling1D", [&](const json& a) { return nn::MaxPooling1D(sizes<1>(a, "pool_size"), options1(a)); });
  check_cases("pooling/AveragePooling1D", [&](const json& a) { return nn::AveragePooling1D(sizes<1>(a, "pool_size"), options1(a)); });
  check_cases("pooling/MaxPooling3D", [&](const json& a) { return nn::MaxPooling3D(sizes<3>(a, "pool_size"), options3(a)); });
  check_cases("pooling/AveragePooling3D", [&](const json& a) { return nn::AveragePooling3D(sizes<3>(a, "pool_size"), options3(a)); });
  check_cases("pooling/GlobalMaxPooling1D", [](const json&) { return nn::GlobalMaxPooling1D(); });
  check_cases("pooling/GlobalMaxPooling2D", [](const json&) { return nn::GlobalMaxPooling2D(); });
  check_cases("pooling/GlobalMaxPooling3D", [](const json&) { return nn::GlobalMaxPooling3D(); });
  check_cases("pooling/GlobalAveragePooling1D", [](const json&) { return nn::GlobalAveragePooling1D(); });
  check_cases("pooling/GlobalAveragePooling2D", [](const json&) { return nn::GlobalAveragePooling2D(); });
  check_cases("pooling/GlobalAveragePooling3D", [](const json&) { return nn::GlobalAveragePooling3D(); });
  check_cases("convolutional/UpSampling1D", [](const json& a) { return nn::UpSampling1D(sizes<1>(a, "size")); });
  check_cases("convolutional/UpSampling2D", [](const json& a) { return nn::UpSampling2D(sizes<2>(a, "size")); });
  check_cases("convolutional/UpSampling3D", [](const json& a) { return nn::UpSampling3D(sizes<3>(a, "size")); });
  check_cases("convolutional/ZeroPadding1D", [](const json& a) { return nn::ZeroPadding1D(margins<1>(a["padding"])); });
  check_cases("convolutional/ZeroPadding2D", [](const json& a) { return nn::ZeroPadding2D(margins<2>(a["padding"])); });
  check_cases("convolutional/ZeroPadding3D", [](const json& a) { return nn::ZeroPadding3D(margins<3>(a["padding"])); });
  check_cases("convolutional/Cropping1D", [](const json& a) { return nn::Cropping1D(margins<1>(a["cropping"])); });
  check_cases("convolutional/Cropping2D", [](const json& a) { return nn::Cropping2D(margins<2>(a["cropping"])); });
  check_cases("convolutional/Cropping3D", [](const json& a) { return nn::Cropping3D(margins<3>(a["cropping"])); });
}

// Stateful layers were called twice on the same input: the second time from the states that the first left.
struct Twice {
  nn::RecurrentLayer layer;
  Tensor operator()(const Tensor& x) const {
    Tensors y = layer.with_state(x);
    return layer(x, {.initial_state = Tensors(y.begin() + 1, y.end())});
  }
};
nn::Layer once_or_twice(const json& a, const nn::RecurrentLayer& layer) { return a["stateful"].get<bool>() ? nn::Layer(Twice{layer}) : nn::Layer(layer); }

TEST_CASE("recurrent layers agree with keras-js") {
  check_cases("recurrent/SimpleRNN", [](const json& a) {
    return once_or_twice(a, nn::SimpleRNN(a["units"], {.use_bias = a["use_bias"], .return_sequences = a["return_sequences"], .go_backwards = a["go_backwards"]}));
  });
  check_cases("recurrent/LSTM", [](const json& a) {
    return once_or_twice(a, nn::LSTM(a["units"], {.recurrent_activation = &old_hard_sigmoid, .use_bias = a["use_bias"], .return_sequences = a["return_sequences"],
                                 .go_backwards = a["go_backwards"]}));
  });
  check_cases("recurrent/GRU", [](const json& a) {
    return once_or_twice(a, nn::GRU(a["units"], {.recurrent_activation = &old_hard_sigmoid, .use_bias = a["use_bias"], .return_sequences = a["return_sequences"],
                                .go_backwards = a["go_backwards"], .reset_after = false}));
  });
  check_cases("wrappers/Bidirectional", [](const json& a) {
    const json& c = a["layer"]["config"];
    nn::BidirectionalOptions o{.merge_mode = a["merge_mode"].get<std::string>()};
    if (a["layer"]["class_name"] == "LSTM")
      return nn::Bidirectional(nn::LSTM(c["units"], {.recurrent_activation = &old_hard_sigmoid, .return_sequences = c["return_sequences"]}), o);
    return nn::Bidirectional(nn::SimpleRNN(c["units"], {.return_sequences = c["return_sequences"]}), o);
  });
}

TEST_CASE("DepthwiseConv2D is a convolution with a group for each channel") {
  nn::DepthwiseConv2D layer(3, {.padding = "same", .depth_multiplier = 2});
  Tensor x = uniform({2, 5, 6, 3});
  CHECK(layer(x).shape() == Shape{2, 5, 6, 6});
  auto w = nn::weights(layer);
  REQUIRE(w.size() == 2);
  CHECK(StoredCases::distance(layer(x), conv2d(x, reshape(w[0].second.value, {3, 3, 1, 6}), {.padding = "same", .groups = 3})) < 1e-6);
  CHECK_THROWS_WITH_AS(layer(ones({1, 5, 5, 4})), doctest::Contains("DepthwiseConv2D: expects 3 on axis -1"), ShapeError);
}

TEST_CASE("bicubic upsampling is Keras's") {  // numbers of Keras 3.15.1 with JAX
  Tensor y = nn::UpSampling2D(2, {.interpolation = "bicubic"})(reshape(tensor({0., 1., 4., 9., 16., 25.}), {1, 2, 3, 1}));
  Tensor expected = tensor({{-0.8356402, -0.7589094, -0.5974404, 0.2557254, 1.6884931, 2.3650525}, {1.6663867, 2.1970282, 3.3191388, 5.2004910, 7.5938997, 8.7243700},
                            {6.6277318, 8.0584469, 11.0854425, 15.0056162, 19.3039112, 21.3344555}, {9.1297598, 11.0143843, 15.0020227, 19.9503824, 25.2093182, 27.6937752}});
  CHECK(StoredCases::distance(reshape(y, {4, 6}), expected) < 1e-6);
}

TEST_CASE("layers of other ranks say what they need") {
  CHECK_THROWS_WITH_AS(nn::Conv1D(2, 3)(ones({2, 3})), doctest::Contains("Conv1D: needs sequences [n, steps, channels]"), ShapeError);
  CHECK_THROWS_WITH_AS(nn::GlobalMaxPooling2D()(ones({2, 3})), doctest::Contains("GlobalMaxPooling2D: needs images"), ShapeError);
  CHECK_THROWS_WITH_AS(nn::Cropping1D(2)(ones({1, 4, 2})), doctest::Contains("nothing is left of the 4 cells of axis 1"), ShapeError);
  CHECK_THROWS_AS(nn::ZeroPadding2D(-1), Error);
  CHECK_THROWS_AS(nn::Conv3D(0, 3), Error);
  CHECK_THROWS_AS(nn::Conv3D(2, {1, 2}), Error);
  CHECK_THROWS_AS(nn::UpSampling2D(2, {.interpolation = "sharp"}), Error);
  auto in = nn::Input({8, 8, 3});
  nn::Model model(in, nn::GlobalAveragePooling2D()(nn::UpSampling2D()(nn::Conv2DTranspose(4, 3, {.strides = 2, .padding = "same"})(in))));
  CHECK(model(ones({2, 8, 8, 3})).shape() == Shape{2, 4});
}

// Numbers of Keras 3.15.1 would need its files: these are its definitions written out for two rows.
TEST_CASE("losses by Keras's names") {
  Tensor t = tensor({{0., 1.}, {1., 0.}}), p = tensor({{0.6, 0.4}, {0.7, 0.2}});
  auto value = [&](const char* name) { return nn::Loss(name)(t, p).item(); };
  auto near = [](double x) { return doctest::Approx(x).epsilon(1e-5); };
  // Labels of 0 and 1 become -1 and 1.
  CHECK(value("hinge") == near((1.6 + 0.6 + 0.3 + 1.2) / 4));
  CHECK(value("squared_hinge") == near((1.6 * 1.6 + 0.6 * 0.6 + 0.3 * 0.3 + 1.2 * 1.2) / 4));
  CHECK(value("categorical_hinge") == near((1 + 0.6 - 0.4 + 1 + 0.2 - 0.7) / 2));
  CHECK(value("huber") == near(0.5 * (0.36 + 0.36 + 0.09 + 0.04) / 4));
  CHECK(value("log_cosh") == near((2 * std::log(std::cosh(0.6)) + std::log(std::cosh(0.3)) + std::log(std::cosh(0.2))) / 4));
  CHECK(value("poisson") == near((0.6 + 0.4 - std::log(0.4) + 0.7 - std::log(0.7) + 0.2) / 4));
  CHECK(value("kl_divergence") == near((-std::log(0.4) - std::log(0.7)) / 2));
  CHECK(value("cosine_similarity") == near(-(0.4 / std::hypot(0.6, 0.4) + 0.7 / std::hypot(0.7, 0.2)) / 2));
  CHECK(value("msle") == near((std::pow(std::log(1.6), 2) + std::pow(std::log(2 / 1.4), 2) + std::pow(std::log(2 / 1.7), 2) + std::pow(std::log(1.2), 2)) / 4));
  CHECK(nn::Loss("mape")(tensor({{2., 4.}}), tensor({{1., 5.}})).item() == near(37.5));
  for (const char* name : {"mape", "kld", "logcosh", "cosine_proximity", "kullback_leibler_divergence"}) CHECK(nn::Loss(name).name() != name);
}

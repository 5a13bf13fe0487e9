// ONNX's own tests of single operators, whose answers are NumPy's, against ours.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "../files.h"
#include "rules.h"

using namespace reel;

namespace {
namespace fs = std::filesystem;

// Cases that do not pass, by the reason. One that starts to pass, or another that fails, is a failure of the test.
const std::map<std::string, std::vector<std::string>> kReasons{
    {"adagrad: Keras's epsilon stands under the root, ONNX's beside it", {"adagrad", "adagrad_multiple"}},
    {"gru: the op has Keras's reset after the product; the reset before it is nn::GRU's", {"gru_seq_length"}},
    {"an index out of range is an error", {"onehot_out_of_range_indices"}},
    {"NumPy's rule: nothing has no least element", {"reduce_min_empty_set"}},
    {"interpolate has no asymmetric coordinates", {"resize_upsample_scales_cubic_asymmetric"}},
    {"interpolate's nearest is PyTorch's: the cell at floor(i n / size)",
     {"resize_downsample_sizes_nearest_not_smaller", "resize_upsample_sizes_nearest_round_prefer_ceil_asymmetric"}},
    {"interpolate's align_corners looks at sizes alone, as PyTorch's; ONNX's at a scale that gives no whole size",
     {"resize_downsample_scales_cubic_align_corners", "resize_downsample_scales_linear_align_corners"}},
};

// "" or what differs; NaN equals NaN.
std::string difference(const Tensor& got, const Tensor& expected, double rtol, double atol) {
  if (!(got.shape() == expected.shape())) return "shape " + to_string(got.shape()) + " instead of " + to_string(expected.shape());
  if (got.dtype() != expected.dtype()) return std::string(name(got.dtype())) + " instead of " + name(expected.dtype());
  Tensor a = contiguous(cast(got, float64)), b = contiguous(cast(expected, float64));
  for (int64_t i = 0; i < a.size(); ++i) {
    double x = a.values<double>()[size_t(i)], y = b.values<double>()[size_t(i)];
    if (x == y || (std::isnan(x) && std::isnan(y)) || std::fabs(x - y) <= atol + rtol * std::fabs(y)) continue;
    return "element " + std::to_string(i) + " is " + std::to_string(x) + " instead of " + std::to_string(y) + ", off by " + std::to_string((x - y) / y);
  }
  return "";
}

// A hundredth of ONNX's own tolerance; 16-bit floats may be off by a unit in the last place.
constexpr double kRelative = 1e-5, kAbsolute = 1e-7;

// "" or why the case in that folder does not pass.
std::string problem(const fs::path& folder) {
  try {
    onnx::Model model = onnx::read_model((folder / "model.onnx").string());
    fs::path data = folder / "test_data_set_0";
    Tensors in;
    for (size_t i = 0; fs::exists(data / ("input_" + std::to_string(i) + ".pb")); ++i)
      in.push_back(onnx::read_tensor((data / ("input_" + std::to_string(i) + ".pb")).string()));
    Tensors out = onnx::run(model.graph, in, model.opset);
    for (size_t i = 0; i < out.size(); ++i) {
      Tensor expected = onnx::read_tensor((data / ("output_" + std::to_string(i) + ".pb")).string());
      double epsilon = expected.dtype() == bfloat16 ? 0x1p-8 : expected.dtype() == float16 ? 0x1p-11 : 0;
      std::string d = difference(out[i], expected, std::max(kRelative, epsilon), kAbsolute);
      if (!d.empty()) return "output " + std::to_string(i) + ": " + d;
    }
    return "";
  } catch (const std::exception& e) {
    return e.what();
  }
}

}  // namespace

TEST_CASE("ONNX's node tests") {
  std::string root = real_data("onnx/node");
  if (root.empty()) return;
  if (!fs::exists(root)) {
    MESSAGE("skipped: there is no " << root);
    return;
  }
  std::map<std::string, std::string> listed;
  for (auto& [reason, cases] : kReasons)
    for (const std::string& name : cases) listed[name] = reason;
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(root)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  int passed = 0;
  for (const std::string& folder : names) {
    std::string name = folder.substr(5);  // test_
    std::string why = problem(fs::path(root) / folder);
    passed += why.empty();
    if (listed.count(name)) CHECK_MESSAGE(!why.empty(), name << " passes now: take it out of the list (" << listed[name] << ")");
    else CHECK_MESSAGE(why.empty(), name << ": " << why);
  }
  for (auto& [name, reason] : listed) CHECK_MESSAGE(std::count(names.begin(), names.end(), "test_" + name), "listed, but there is no case " << name);
  MESSAGE(passed << " of " << names.size() << " node cases pass");
  for (auto& [reason, cases] : kReasons) MESSAGE(cases.size() << ": " << reason);
}

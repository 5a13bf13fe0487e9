// docs/ops.md is what the tree says, and every op has a row of samples or a reason.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "ops_document.h"

using namespace reel::test;

TEST_CASE("docs/ops.md is up to date (./dev docs writes it)") {
  const std::string path = std::string(REEL_SOURCE_ROOT) + "/docs/ops.md", expected = ops_document();
  if (std::getenv("REEL_WRITE_DOCS")) std::ofstream(path) << expected;
  std::ifstream in(path);
  std::stringstream written;
  written << in.rdbuf();
  CHECK((written.str() == expected));
}

namespace {
std::string read(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}
const std::vector<std::string> kArrays{"array_test.cc", "array_reference_test.cc", "array_shape_test.cc"};
// Functions that do not go from tensors of any dtype to one tensor, or whose stored references are of fixed shapes: the test that calls
// each of them, by header.
const std::map<std::string, std::vector<std::string>> kElsewhere{
    {"activation", {"elementwise_test.cc"}},
    {"arithmetic", {"complex_test.cc"}},
    {"arrange", kArrays},
    {"attention", {"attention_test.cc"}},
    {"comparison", {"elementwise_test.cc"}},
    {"complex", {"complex_test.cc"}},
    {"conv", {"conv_test.cc"}},
    {"conv_nd", {"conv_nd_test.cc"}},
    {"copy", {"tensor_test.cc", "trap_test.cc", "cuda_test.cc"}},
    {"create", {"tensor_test.cc", "conv_test.cc", "forward_mode_test.cc", "index_op_test.cc"}},
    {"distribution", {"distribution_test.cc"}},
    {"fft", {"fft_test.cc"}},
    {"grid", kArrays},
    {"index", {"index_op_test.cc"}},
    {"indexing", kArrays},
    {"join", kArrays},
    {"linalg", {"linalg_test.cc", "linalg_eig_test.cc"}},
    {"loss", {"loss_op_test.cc"}},
    {"loss_nd", {"loss_nd_test.cc"}},
    {"mask", kArrays},
    {"matmul", {"forward_mode_test.cc", "tensor_test.cc"}},
    {"optimizer", {"optimizer_op_test.cc"}},
    {"orthogonal", {"recurrent_test.cc", "nn_layers_test.cc"}},
    {"polynomial", {"special_function_test.cc"}},
    {"pool", {"pool_test.cc"}},
    {"pool_nd", {"pool_nd_test.cc"}},
    {"products", kArrays},
    {"quantile", kArrays},
    {"random", {"random_test.cc"}},
    {"resize", {"pool_nd_test.cc"}},
    {"scan", kArrays},
    {"scatter", kArrays},
    {"search", kArrays},
    {"sort", kArrays},
    {"statistics", kArrays},
    {"view", {"structured_samples.cc", "array_shape_test.cc"}},
    {"windows", {"windows_test.cc"}},
};
}  // namespace

TEST_CASE("every function of tensor/ops has a row of samples or a test that calls it") {
  for (const OpEntry& e : op_entries()) {
    if (has_row(e.name)) continue;
    bool called = false;
    if (auto tests = kElsewhere.find(e.family); tests != kElsewhere.end())
      for (const std::string& file : tests->second)
        called |= read(std::string(REEL_SOURCE_ROOT) + "/tests/" + file).find(e.name + "(") != std::string::npos;
    CHECK_MESSAGE(called, e.family << ": " << e.name << " has neither");
  }
}

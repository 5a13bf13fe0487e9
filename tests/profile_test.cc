#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "io/file.h"
#include "reel.h"
#include "tests/files.h"

using namespace reel;

// The table and the trace of profile().

namespace {
const OpProfile* find(const Profile& p, const std::string& op) {
  for (const OpProfile& o : p.ops)
    if (o.op == op) return &o;
  return nullptr;
}
}  // namespace

TEST_CASE("a profile counts calls, bytes and arithmetic of what ran inside it, and only that") {
  Tensor a = uniform({64, 32}, 0, 1), w = variable(uniform({32, 16}, 0, 1));
  matmul(a, w);
  Profile p = profile([&] {
    for (int i = 0; i < 3; ++i) backward(sum(relu(matmul(a, w))));
    nn::Adam({.learning_rate = 0.1}).step({w});
  });
  matmul(a, w);
  const OpProfile* product = find(p, "matmul");
  REQUIRE(product);
  CHECK(product->calls == 6);  // and the gradient by w
  CHECK(product->flop == 6 * 2. * 64 * 32 * 16);
  CHECK(find(p, "relu")->calls == 3);
  CHECK(find(p, "relu")->bytes == 3 * 2 * 64 * 16 * 4);
  CHECK(find(p, "adam_update")->calls == 1);
  double inside = 0;
  for (const OpProfile& o : p.ops) inside += o.seconds;
  CHECK(inside <= p.seconds);
  for (size_t i = 1; i < p.ops.size(); ++i) CHECK(p.ops[i - 1].seconds >= p.ops[i].seconds);
  CHECK(p.copied_per_second > 0);
  CHECK(p.flop_per_second > 0);
  std::string table = to_string(p);
  CHECK(table.find("matmul") != std::string::npos);
  CHECK(table.find("GFLOP/s") != std::string::npos);
}

TEST_CASE("gradients stand in a profile with their forward line, ops inside a kernel are not counted twice") {
  Tensor x = variable(uniform({50, 50}, 0, 1));
  int line = 0;
  Profile p = profile([&] { line = __LINE__, backward(sum(exp(x))); });
  bool seen = false;
  for (const ProfileEvent& e : p.events)
    if (std::string(e.op) == "multiply") {  // exp's rule
      seen = true;
      CHECK(e.where.line() == line);
      CHECK(std::string(e.where.file()).find("profile_test.cc") != std::string::npos);
    }
  CHECK(seen);
  for (const ProfileEvent& e : p.events) {
    CHECK(e.alone <= e.seconds);
    CHECK(e.alone >= 0);
  }
}

TEST_CASE("what a profiled function throws passes through, and profiling ends") {
  CHECK_THROWS_AS(profile([] { matmul(ones({2, 3}), ones({2, 3})); }), ShapeError);
  CHECK_FALSE(bool(mode() & kProfile));
  Profile outer, inner;
  outer = profile([&] {
    exp(ones({3}));
    inner = profile([] { log(ones({3})); });
  });
  CHECK(find(inner, "log")->calls == 1);
  CHECK(find(outer, "exp")->calls == 1);
  CHECK_FALSE(find(outer, "log"));
  CHECK(profile([] {}).ops.empty());
}

TEST_CASE("a trace is a file of Chrome's format") {
  TemporaryFolder folder;
  std::string path = folder / "step.json";
  Profile p = profile([] { exp(matmul(ones({8, 8}), ones({8, 8}))); });
  save_trace(path, p);
  auto json = nlohmann::json::parse(read_file(path));
  CHECK(json["traceEvents"].size() == p.events.size());
  for (const auto& e : json["traceEvents"]) {
    CHECK(e["ph"] == "X");
    CHECK(e["dur"].get<double>() >= 0);
    CHECK(e["args"]["line"].get<std::string>().find("profile_test.cc:") != std::string::npos);
  }
  CHECK_THROWS_AS(save_trace(folder / "no/such/folder.json", p), FileError);
}

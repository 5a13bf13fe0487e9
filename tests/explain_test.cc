// explain: who keeps a tensor's memory.
#include <doctest/doctest.h>

#include "reel.h"

using namespace reel;

TEST_CASE("explain names the ops that saved a tensor, its views and its handles") {
  Tensor w = variable(ones({1000}), "w"), x = ones({1000});
  CHECK(explain(x).find("storage of 4000 bytes on cpu, 1 holder\n") != std::string::npos);
  Tensor y = w * x, loss = sum(y * y), view = x[{slice(0, 10)}], same = x;
  std::string text = explain(x, {loss});
  CHECK(text.find("2 holders") != std::string::npos);
  CHECK(text.find("the tape: input 1 of multiply at explain_test.cc:11") != std::string::npos);
  CHECK(text.find("handles of this tensor: 2") != std::string::npos);
  CHECK(text.find("do not reach: 1") != std::string::npos);
  CHECK(explain(view).find("of which this view shows 40") != std::string::npos);
  CHECK(explain(view).find("a view of: full at explain_test.cc:9") != std::string::npos);
  Tensor e = exp(w);
  CHECK(explain(e).find("the tape: output 0 of exp at explain_test.cc") != std::string::npos);
  CHECK(explain(w).find("variable \"w\"") != std::string::npos);
}

#include "tensor/mode.h"

#include <cstdlib>
#include <cstring>

#include "tensor/formula.h"

namespace reel::detail {
thread_local uint32_t mode = 0;
thread_local Where formula_line{std::source_location()};

namespace {
// REEL_CHECK=nan turns the check on for the thread that loads the library; threads started later inherit nothing.
[[maybe_unused]] const bool environment_is_read = [] {
  const char* check = std::getenv("REEL_CHECK");
  if (check && std::strcmp(check, "nan") == 0) mode |= kCheckNan;
  return true;
}();
}  // namespace
}  // namespace reel::detail

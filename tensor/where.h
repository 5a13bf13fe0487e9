#pragma once
// The line of user code that asked for something; taken as a defaulted last parameter.
#include <source_location>

namespace reel {

struct Where {
  std::source_location at;
  Where(std::source_location l = std::source_location::current()) : at(l) {}
  const char* file() const { return at.file_name(); }
  int line() const { return int(at.line()); }
};

}  // namespace reel

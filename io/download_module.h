#pragma once
// What io/download.cc asks of the module that links libcurl: one C function, found by name.
#include <cstddef>
#include <cstdint>

namespace reel {

struct Transfer {
  const char* url;
  void* context;                                                          // for the two functions
  bool (*write)(void* context, const char* data, size_t bytes);           // false stops the transfer
  void (*progress)(void* context, int64_t bytes, int64_t expected_bytes);  // expected 0: unknown
  char sha256[65];    // answer: of what was written, in hexadecimal
  char problem[512];  // answer: empty when all went well
};

using Fetch = void (*)(Transfer*);
inline constexpr const char* kFetch = "reel_fetch";

}  // namespace reel

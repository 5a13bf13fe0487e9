// Runs the tests: doctest's options apply, -tc="name*" filters.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

// libhdf5 1.10 forgets what it had read of a damaged file; the tests of such files are not about that.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }

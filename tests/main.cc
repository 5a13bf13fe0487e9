// Runs the tests: doctest's options apply, -tc="name*" filters.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

// Carries the gdb printers inside the library: gdb runs the text of this section when it loads the file and trusts it.
namespace {
// 4: Python text; then the script's name and a newline, as gdb's manual asks ("The .debug_gdb_scripts section").
[[gnu::used, gnu::section(".debug_gdb_scripts")]] const char gdb_script[] =
    "\4gdb.inlined-reel\n"
#include "reel_gdb.inc"
    ;
}  // namespace

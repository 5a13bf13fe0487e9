#include "tensor/module.h"

#include <dlfcn.h>

namespace reel {
namespace {
std::string last_problem() {
  const char* why = dlerror();
  return why ? why : "dlopen failed";
}
}  // namespace

Module open_module(const char* name, bool global) {
  Module m;
  Dl_info self;
  if (!dladdr(reinterpret_cast<void*>(&open_module), &self)) {
    m.problem = "cannot find my own file";
    return m;
  }
  std::string path = self.dli_fname;
  size_t slash = path.rfind('/');
  path = (slash == std::string::npos ? "" : path.substr(0, slash + 1)) + "libreel_" + name + ".so";
  m.handle = dlopen(path.c_str(), RTLD_NOW | (global ? RTLD_GLOBAL : RTLD_LOCAL));
  if (!m.handle) m.problem = last_problem();
  return m;
}

void* Module::entry(const char* name) {
  void* found = handle ? dlsym(handle, name) : nullptr;
  if (handle && !found) problem = last_problem();
  return found;
}

}  // namespace reel

#include "tensor/error.h"

#include <algorithm>

#include "tensor/formula.h"

namespace reel {
namespace {
thread_local LayerScope* innermost = nullptr;
}

std::string to_string(Where where) {
  std::string_view file = where.file();
  return std::string(file.substr(file.rfind('/') + 1)) + ":" + std::to_string(where.line());
}

void Error::locate(Where where) {
  if (located_) return;
  located_ = true;
  if (detail::mode & kFormula) where = detail::formula_line;
  std::string path = LayerScope::path();
  add("at " + to_string(where) + (path.empty() ? "" : ", in " + path));
}

LayerScope::LayerScope(const char* type, const char* name) : type_(type), name_(name), outer_(innermost) { innermost = this; }
LayerScope::~LayerScope() { innermost = outer_; }

std::string LayerScope::path() {
  std::vector<const LayerScope*> scopes;
  for (const LayerScope* s = innermost; s; s = s->outer_) scopes.push_back(s);
  std::string path;
  for (auto s = scopes.rbegin(); s != scopes.rend(); ++s) {
    if (!path.empty()) path += " > ";
    path += (*s)->type_;
    if ((*s)->name_ && *(*s)->name_) path += std::string(" \"") + (*s)->name_ + "\"";
  }
  return path;
}

void unknown_name(const char* what, std::string_view given, const std::vector<std::string>& valid) {
  std::string s = std::string("unknown ") + what + " \"" + std::string(given) + "\"; valid:";
  for (size_t i = 0; i < valid.size(); ++i) s += (i ? ", \"" : " \"") + valid[i] + "\"";
  throw Error(s);
}

}  // namespace reel

#include "nn/places.h"

#include <cstdlib>
#include <filesystem>

namespace reel::datasets {
namespace {

std::string variable_value(const char* name) {
  const char* v = std::getenv(name);
  return v ? v : "";
}

}  // namespace

bool Places::has(const std::string& folder, const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    std::error_code ignored;
    if (!std::filesystem::exists(folder + "/" + file, ignored)) {
      note(folder + "/" + file + ": no such file");
      return false;
    }
  }
  return true;
}

void Places::fail(const std::string& problem) const {
  FileError e(problem);
  for (const std::string& line : lines_) e.add(line);
  throw e;
}

std::string data_folder(Places& places) {
  std::string folder = variable_value("REEL_DATA");
  if (folder.empty()) places.note("$REEL_DATA: not set");
  return folder;
}

std::string keras_folder(Places& places) {
  std::string home = variable_value("HOME");
  if (home.empty()) places.note("~/.keras/datasets: $HOME is not set");
  return home.empty() ? "" : home + "/.keras/datasets";
}

std::string cache_folder(Places& places) {
  std::string cache = variable_value("XDG_CACHE_HOME"), home = variable_value("HOME");
  if (cache.empty() && home.empty()) places.note("the cache folder: neither $XDG_CACHE_HOME nor $HOME is set");
  return !cache.empty() ? cache + "/reel" : !home.empty() ? home + "/.cache/reel" : "";
}

}  // namespace reel::datasets

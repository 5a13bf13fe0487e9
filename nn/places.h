#pragma once
// The folders data sets are looked for in.
#include <string>
#include <vector>

#include "tensor/error.h"

namespace reel::datasets {

// What was looked for in vain, line by line, for the error at the end.
class Places {
 public:
  // True when all of `files` stand in the folder; else the place and the missing file are noted.
  bool has(const std::string& folder, const std::vector<std::string>& files);
  void note(const std::string& line) { lines_.push_back(line); }
  // FileError of `problem` and every noted line.
  [[noreturn]] void fail(const std::string& problem) const;

 private:
  std::vector<std::string> lines_;
};

// Empty, and noted, when the variables they are made of are not set. Without a trailing slash.
std::string data_folder(Places& places);   // $REEL_DATA
std::string keras_folder(Places& places);  // ~/.keras/datasets
std::string cache_folder(Places& places);  // $XDG_CACHE_HOME/reel or ~/.cache/reel

}  // namespace reel::datasets

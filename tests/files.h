#pragma once
// What tests of files share: a folder that goes away again, the samples beside the tests, and the real data when they are there.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "io/file.h"

namespace reel {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "reel-test-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  int files() const { return int(std::distance(std::filesystem::directory_iterator(path_), {})); }

 private:
  std::string path_;
};

// tests/data/io/name
inline std::string sample(const std::string& name) { return std::string(REEL_TEST_DATA) + "/io/" + name; }

// $REEL_DATA/name, or "" after saying that the test is skipped.
inline std::string real_data(const std::string& name) {
  const char* folder = std::getenv("REEL_DATA");
  if (folder && *folder) return std::string(folder) + "/" + name;
  MESSAGE("skipped: REEL_DATA is not set, so there is no " << name);
  return "";
}

// An environment variable for the length of a test; null takes it away.
class Setting {
 public:
  Setting(const char* name, const char* value) : name_(name) {
    const char* old = std::getenv(name);
    had_ = old != nullptr;
    if (old) old_ = old;
    value ? setenv(name, value, 1) : unsetenv(name);
  }
  ~Setting() { had_ ? setenv(name_, old_.c_str(), 1) : unsetenv(name_); }
  Setting(const Setting&) = delete;

 private:
  const char* name_;
  bool had_;
  std::string old_;
};

// Every shorter version of a file, then every version with one bit turned: load must answer or throw FileError. Returns how many
// damaged versions were taken for good ones.
template <class Load> int accepted_damages(const std::string& good, const std::string& scratch, size_t bits_of_first_bytes, Load&& load) {
  int accepted = 0;
  auto attempt = [&](const std::string& content) {
    // Thousands of times: write_file would wait for the disk, and so do some file systems when a file is overwritten.
    std::filesystem::remove(scratch);
    std::ofstream(scratch, std::ios::binary) << content;
    try {
      load(scratch);
      ++accepted;
    } catch (const FileError&) {
    }
  };
  for (size_t n = 0; n < good.size(); ++n) attempt(good.substr(0, n));
  CHECK(accepted == 0);
  for (size_t bit = 0; bit < 8 * std::min(bits_of_first_bytes, good.size()); ++bit) {
    std::string damaged = good;
    damaged[bit / 8] = char(damaged[bit / 8] ^ (1 << (bit % 8)));
    attempt(damaged);
  }
  return accepted;
}

}  // namespace reel

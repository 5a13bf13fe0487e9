#include "io/download.h"

#include <strings.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>

#include "io/download_module.h"
#include "io/file.h"
#include "tensor/module.h"

namespace reel {
namespace {

class Progress {
 public:
  Progress(const std::string& url, bool shown) : name_(url.substr(url.rfind('/') + 1)), shown_(shown), terminal_(isatty(STDERR_FILENO)) {
    if (shown_ && !terminal_) std::fprintf(stderr, "downloading %s\n", url.c_str());
  }
  void show(int64_t bytes, int64_t expected) {
    auto now = std::chrono::steady_clock::now();
    bool whole = expected > 0 && bytes >= expected;
    // A terminal is redrawn ten times a second, a log gets a line every ten seconds.
    auto pause = terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(10000);
    if (!shown_ || bytes == 0 || bytes == last_ || (!(whole && terminal_) && now - shown_at_ < pause)) return;
    shown_at_ = now, last_ = bytes;
    char text[160];
    if (expected > 0) {
      std::string bar(size_t(30 * double(bytes) / double(expected)), '=');
      bar.resize(30, '.');
      std::snprintf(text, sizeof text, "%.60s [%s] %.1f of %.1f MB", name_.c_str(), bar.c_str(), double(bytes) / 1e6, double(expected) / 1e6);
    } else {
      std::snprintf(text, sizeof text, "%.60s %.1f MB", name_.c_str(), double(bytes) / 1e6);
    }
    if (terminal_) std::fprintf(stderr, "\r%s", text), drawn_ = true;
    else std::fprintf(stderr, "%s\n", text);
  }
  ~Progress() {
    if (drawn_) std::fputc('\n', stderr);
  }

 private:
  std::string name_;
  bool shown_, terminal_, drawn_ = false;
  int64_t last_ = 0;
  std::chrono::steady_clock::time_point shown_at_ = std::chrono::steady_clock::now();
};

struct Target {
  NewFile file;
  Progress progress;
  std::string problem;  // of writing, which libcurl would report without a reason
};

}  // namespace

void download(const std::string& url, const std::string& path, const std::string& sha256, bool progress, Where where) {
  located(where, [&] {
    static Module module = open_module("download");
    static const Fetch fetch = reinterpret_cast<Fetch>(module.entry(kFetch));
    if (!fetch) throw FileError("download: " + url + ": this build has no downloads (libcurl and OpenSSL were not found when it was made): " + module.problem);
    std::error_code ignored;  // what cannot be made is reported when the file is opened
    if (auto folder = std::filesystem::path(path).parent_path(); !folder.empty()) std::filesystem::create_directories(folder, ignored);

    Target target{NewFile(path), Progress(url, progress), ""};
    Transfer t{};
    t.url = url.c_str();
    t.context = &target;
    t.write = [](void* context, const char* data, size_t bytes) {
      auto* to = static_cast<Target*>(context);
      try {
        to->file.write(data, int64_t(bytes));
      } catch (const Error& e) {
        to->problem = e.what();
      }
      return to->problem.empty();
    };
    t.progress = [](void* context, int64_t bytes, int64_t expected) { static_cast<Target*>(context)->progress.show(bytes, expected); };
    fetch(&t);
    if (!target.problem.empty()) throw FileError("download: " + url + ": " + target.problem);
    if (*t.problem) throw FileError("download: " + url + ": " + t.problem);
    if (!sha256.empty() && strcasecmp(sha256.c_str(), t.sha256) != 0)
      throw FileError("download: " + url + ": the content is not what was expected: its SHA-256 is " + t.sha256 + ", not " + sha256);
    target.file.commit();
  });
}

}  // namespace reel

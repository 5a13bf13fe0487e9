#include "io/source.h"

namespace reel {

PlainSource::PlainSource(const File& file, int64_t offset, int64_t bytes) : file_(&file), at_(offset), left_(bytes) {
  if (offset < 0 || bytes < 0 || offset > file.size() || bytes > file.size() - offset)
    file.fail("truncated: " + std::to_string(bytes) + " bytes are said to stand at offset " + std::to_string(offset) +
              ", the file has " + std::to_string(file.size()));
}

void PlainSource::read(void* to, int64_t bytes) {
  if (bytes < 0 || bytes > left_)
    file_->fail("truncated: " + std::to_string(bytes) + " bytes expected at offset " + std::to_string(at_) + ", " + std::to_string(left_) +
                " are there");
  file_->read(at_, to, bytes);
  at_ += bytes, left_ -= bytes;
}

void PlainSource::finish() {
  if (left_) file_->fail(std::to_string(left_) + " bytes too many from offset " + std::to_string(at_) + " on");
}

}  // namespace reel

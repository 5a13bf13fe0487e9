#include "io/gzip.h"

#include <zlib.h>

#include <algorithm>

namespace reel {
namespace {

constexpr int64_t kBuffer = 64 << 10;
// Deflate's densest code stores 258 bytes in two bits (zlib's technical notes).
constexpr int64_t kBestRatio = 1032;

}  // namespace

InflateSource::InflateSource(const File& file, int64_t offset, int64_t bytes, Format format)
    : in_(file, offset, bytes), format_(format), stream_(new z_stream{}), buffer_(size_t(std::min(bytes, kBuffer))) {
  // Window bits as zlib.h defines them: 16 more expects a gzip header and its checksum, negative ones neither.
  if (inflateInit2(stream_, format == Format::kGzip ? 16 + MAX_WBITS : -MAX_WBITS) != Z_OK) {
    delete stream_;
    throw OutOfMemory(file.path() + ": no memory for decompression");
  }
}

InflateSource::~InflateSource() {
  inflateEnd(stream_);
  delete stream_;
}

int64_t InflateSource::at_most() const {
  if (ended_) return 0;
  // What zlib holds back inside is one match and one window at most.
  return (in_.at_most() + int64_t(stream_->avail_in)) * kBestRatio + 65536;
}

void InflateSource::next_member() {
  if (format_ == Format::kGzip && stream_->avail_in + in_.at_most() > 0) {
    if (inflateReset(stream_) != Z_OK) file().fail("cannot be decompressed further");
  } else {
    ended_ = true;
  }
}

int64_t InflateSource::inflate_some(void* to, int64_t bytes) {
  stream_->next_out = static_cast<Bytef*>(to);
  stream_->avail_out = uInt(std::min(bytes, int64_t(1) << 30));
  uInt room = stream_->avail_out;
  while (!ended_ && stream_->avail_out == room) {
    if (stream_->avail_in == 0 && in_.at_most() > 0) {
      int64_t n = std::min(in_.at_most(), int64_t(buffer_.size()));
      in_.read(buffer_.data(), n);
      stream_->next_in = buffer_.data();
      stream_->avail_in = uInt(n);
    }
    int answer = inflate(stream_, Z_NO_FLUSH);
    if (answer == Z_STREAM_END) next_member();
    else if (answer == Z_BUF_ERROR && stream_->avail_in == 0 && in_.at_most() == 0) file().fail("truncated: the compressed data end too early");
    else if (answer != Z_OK && answer != Z_BUF_ERROR)
      file().fail(std::string("the compressed data are damaged: ") + (stream_->msg ? stream_->msg : "zlib gives no reason"));
  }
  return int64_t(room - stream_->avail_out);
}

void InflateSource::read(void* to, int64_t bytes) {
  char* at = static_cast<char*>(to);
  while (bytes > 0) {
    int64_t got = inflate_some(at, bytes);
    if (got == 0) file().fail("truncated: " + std::to_string(bytes) + " more bytes expected after decompression");
    at += got, bytes -= got;
  }
}

void InflateSource::finish() {
  char extra;
  if (inflate_some(&extra, 1) != 0) file().fail("more bytes than expected after decompression");
  if (stream_->avail_in + in_.at_most() > 0) file().fail("bytes follow the compressed data");
}

AnySource::AnySource(const File& file) {
  unsigned char magic[2] = {};
  if (file.size() >= 2) file.read(0, magic, 2);
  if (magic[0] == 0x1f && magic[1] == 0x8b) source_ = new InflateSource(file, 0, file.size(), InflateSource::Format::kGzip);
  else source_ = new PlainSource(file);
}

}  // namespace reel

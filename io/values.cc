#include "io/values.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "tensor/ops/create.h"

namespace reel {
namespace {

template <class T> T swapped(T v) {
  if constexpr (sizeof(T) == 2) return T(__builtin_bswap16(uint16_t(v)));
  else if constexpr (sizeof(T) == 4) return T(__builtin_bswap32(uint32_t(v)));
  else return T(__builtin_bswap64(uint64_t(v)));
}
template <class T> void swap_all(void* data, int64_t count) {
  T* p = static_cast<T*>(data);
  for (int64_t i = 0; i < count; ++i) p[i] = swapped(p[i]);
}
void swap_bytes(void* data, int64_t count, int bytes) {
  if (bytes == 2) swap_all<uint16_t>(data, count);
  else if (bytes == 4) swap_all<uint32_t>(data, count);
  else if (bytes == 8) swap_all<uint64_t>(data, count);
}

// Unsigned integers into the next wider signed ones, by way of a small buffer.
template <class From, class To> void read_wider(Source& source, bool big_endian, Tensor& x) {
  From buffer[4096];
  To* to = x.raw<To>();
  for (int64_t done = 0; done < x.size();) {
    int64_t n = std::min(int64_t(std::size(buffer)), x.size() - done);
    source.read(buffer, n * int64_t(sizeof(From)));
    if (big_endian) swap_all<From>(buffer, n);
    for (int64_t i = 0; i < n; ++i) {
      if constexpr (sizeof(From) == sizeof(To))
        if (buffer[i] > From(std::numeric_limits<To>::max()))
          source.file().fail("the uint64 " + std::to_string(buffer[i]) + " at position " + std::to_string(done + i) +
                             " does not fit the widest dtype here, int64");
      to[done + i] = To(buffer[i]);
    }
    done += n;
  }
}

}  // namespace

DType dtype_of(StoredType t) {
  using K = StoredType::Kind;
  switch (t.kind) {
    case K::kBool: return boolean;
    case K::kInt: return t.bytes == 1 ? int8 : t.bytes == 2 ? int16 : t.bytes == 4 ? int32 : int64;
    case K::kUnsigned: return t.bytes == 1 ? uint8 : t.bytes == 2 ? int32 : int64;
    case K::kBFloat: return bfloat16;
    case K::kComplex: return t.bytes == 8 ? complex64 : complex128;
    default: return t.bytes == 2 ? float16 : t.bytes == 4 ? float32 : float64;
  }
}

Tensor read_values(Source& source, StoredType type, const Shape& shape) {
  int64_t bytes;
  if (__builtin_mul_overflow(shape.size(), int64_t(type.bytes), &bytes) || bytes > source.at_most())
    source.file().fail("truncated or damaged: the shape " + to_string(shape) + " of " + std::to_string(type.bytes) +
                       " bytes an element needs more than the " + std::to_string(source.at_most()) + " bytes that can be there");
  Tensor x = empty(shape, dtype_of(type));
  if (type.kind == StoredType::Kind::kUnsigned && type.bytes > 1) {
    if (type.bytes == 2) read_wider<uint16_t, int32_t>(source, type.big_endian, x);
    else if (type.bytes == 4) read_wider<uint32_t, int64_t>(source, type.big_endian, x);
    else read_wider<uint64_t, int64_t>(source, type.big_endian, x);
    return x;
  }
  source.read(x.raw(), bytes);
  int parts = type.kind == StoredType::Kind::kComplex ? 2 : 1;
  if (type.big_endian) swap_bytes(x.raw(), x.size() * parts, type.bytes / parts);
  if (type.kind == StoredType::Kind::kBool) {
    // A bool of any other bit pattern than 0 and 1 is undefined in C++; files may hold them.
    unsigned char* p = x.raw<unsigned char>();
    for (int64_t i = 0; i < x.size(); ++i) p[i] = p[i] != 0;
  }
  return x;
}

Shape checked_shape(const File& file, std::span<const int64_t> dims) {
  try {
    Shape shape(dims);
    checked_bytes(shape, 8);
    return shape;
  } catch (const Error& e) {
    file.fail(e.what());
  }
}

}  // namespace reel

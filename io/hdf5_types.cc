#include "io/hdf5_types.h"

namespace reel::hdf5 {
namespace {

Handle copy_of(hid_t type) { return Handle(H5Tcopy(type), H5Tclose); }

// A little-endian float of two bytes, from the fields of IEEE's four-byte one.
Handle two_byte_float(size_t exponent_bits, size_t mantissa_bits, size_t bias) {
  Handle t = copy_of(H5T_IEEE_F32LE);
  H5Tset_fields(t, 15, mantissa_bits, exponent_bits, 0, mantissa_bits);
  H5Tset_size(t, 2);
  H5Tset_ebias(t, bias);
  return t;
}

hid_t plain_type(DType dtype) {
  switch (dtype) {
    case DType::kU8: return H5T_STD_U8LE;
    case DType::kI8: return H5T_STD_I8LE;
    case DType::kI16: return H5T_STD_I16LE;
    case DType::kI32: return H5T_STD_I32LE;
    case DType::kI64: return H5T_STD_I64LE;
    case DType::kF64: return H5T_IEEE_F64LE;
    default: return H5T_IEEE_F32LE;
  }
}

Meaning number(DType dtype) { return {Meaning::Kind::kNumbers, dtype, false, ""}; }
Meaning unreadable(const std::string& what) { return {Meaning::Kind::kUnreadable, float32, false, what}; }

Meaning integer(hid_t type) {
  size_t bytes = H5Tget_size(type);
  if (H5Tget_sign(type) != H5T_SGN_NONE) {
    if (bytes == 1) return number(int8);
    if (bytes == 2) return number(int16);
    if (bytes == 4) return number(int32);
    if (bytes == 8) return number(int64);
  } else {
    if (bytes == 1) return number(uint8);
    if (bytes == 2) return number(int32);
    if (bytes == 4) return number(int64);
    if (bytes == 8) return {Meaning::Kind::kNumbers, int64, true, ""};
  }
  return unreadable("integers of " + std::to_string(bytes) + " bytes");
}

Meaning floating(hid_t type) {
  size_t bytes = H5Tget_size(type), sign, exponent_at, exponent_bits = 0, mantissa_at, mantissa_bits;
  H5Tget_fields(type, &sign, &exponent_at, &exponent_bits, &mantissa_at, &mantissa_bits);
  if (bytes == 2) return number(exponent_bits == 8 ? bfloat16 : float16);
  if (bytes == 4) return number(float32);
  if (bytes == 8) return number(float64);
  return unreadable("floating-point numbers of " + std::to_string(bytes) + " bytes");
}

// h5py's bool is an enumeration of FALSE = 0 and TRUE = 1; the values of any other stand for themselves.
Meaning enumeration(hid_t type) {
  int8_t no = 1, yes = 0;
  if (H5Tget_nmembers(type) == 2 && H5Tget_size(type) == 1 && H5Tenum_valueof(type, "FALSE", &no) >= 0 && H5Tenum_valueof(type, "TRUE", &yes) >= 0 &&
      no == 0 && yes == 1)
    return number(boolean);
  Handle base(H5Tget_super(type), H5Tclose);
  return base.open() ? integer(base) : unreadable("a damaged enumeration");
}

}  // namespace

Handle stored_type(DType dtype) {
  if (is_complex(dtype)) throw DTypeError(std::string("HDF5 files have no ") + name(dtype) + " here (write real and imag, or save_npz keeps it)");
  if (dtype == boolean) {
    Handle t(H5Tenum_create(H5T_STD_I8LE), H5Tclose);
    const int8_t no = 0, yes = 1;
    H5Tenum_insert(t, "FALSE", &no);
    H5Tenum_insert(t, "TRUE", &yes);
    return t;
  }
  if (dtype == float16) return two_byte_float(5, 10, 15);
  if (dtype == bfloat16) return Handle(H5Tcreate(H5T_OPAQUE, 2), H5Tclose);
  return copy_of(plain_type(dtype));
}

Handle memory_type(DType dtype) {
  // The processors we run on are little-endian, as the stored types are.
  if (dtype == boolean) return copy_of(H5T_STD_I8LE);
  if (dtype == bfloat16) return two_byte_float(8, 7, 127);
  return stored_type(dtype);
}

Meaning meaning_of(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER: return integer(type);
    case H5T_FLOAT: return floating(type);
    case H5T_ENUM: return enumeration(type);
    case H5T_STRING: return {Meaning::Kind::kTexts, float32, false, ""};
    case H5T_OPAQUE: return H5Tget_size(type) == 2 ? Meaning{Meaning::Kind::kOpaque16, bfloat16, false, "opaque values"} : unreadable("opaque values");
    case H5T_COMPOUND: return unreadable("compound values");
    case H5T_VLEN: return unreadable("rows of different lengths");
    case H5T_ARRAY: return unreadable("arrays as elements");
    case H5T_REFERENCE: return unreadable("references");
    case H5T_BITFIELD: return unreadable("bit fields");
    default: return unreadable("values of an unknown type");
  }
}

}  // namespace reel::hdf5

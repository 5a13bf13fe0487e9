#pragma once
// The safetensors format: named tensors behind a JSON table, readable without running anything.
// Format: huggingface.co/docs/safetensors.
#include "io/named.h"

namespace reel {

using Metadata = std::vector<std::pair<std::string, std::string>>;

// The tensors in the order of the table, of their own dtypes (U16 is read as int32, U32 and U64 as int64; a U64 above 2^63 - 1
// throws), and the file's free texts into *metadata. The whole table is checked before a tensor is allocated: FileError for a
// header above 16 MiB or a million tensors, unknown dtypes, a name twice, offsets that leave gaps, overlap or disagree with the
// shape, and a file that is too short or too long.
NamedTensors load_safetensors(const std::string& path, Metadata* metadata = nullptr, Where where = {});
// Every dtype; tensors from any device and layout. Wide types stand first in the file so that each is aligned, the table keeps
// the given order. Names must be UTF-8 of at most 4096 bytes.
void save_safetensors(const std::string& path, const NamedTensors& tensors, const Metadata& metadata = {}, Where where = {});

}  // namespace reel

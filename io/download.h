#pragma once
// Fetching a file once: checked against its checksum and complete, or not there at all.
#include <string>

#include "tensor/where.h"

namespace reel {

// Fetches url (https, http or file) into path, replacing it only when the whole content came and its SHA-256 is `sha256` (64
// hexadecimal digits; empty accepts any). Missing folders of path are made. Shows progress on standard error unless told not to: a
// bar on a terminal, plain lines elsewhere. FileError names the url and what went wrong, also when this build has no downloads.
void download(const std::string& url, const std::string& path, const std::string& sha256 = "", bool progress = true, Where where = {});

}  // namespace reel

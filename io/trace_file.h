#pragma once
// Profiles as trace files of Chrome's format: chrome://tracing and Perfetto show them.
#include <string>

#include "tensor/profile.h"

namespace reel {

// One complete event ("ph": "X") for each run of an op, with its line, bytes and arithmetic. Replaces the file, whole or not at all.
void save_trace(const std::string& path, const Profile& profile, Where where = {});

}  // namespace reel

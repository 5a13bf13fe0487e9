#include "io/trace_file.h"

#include <nlohmann/json.hpp>

#include "io/file.h"

namespace reel {

void save_trace(const std::string& path, const Profile& profile, Where where) {
  nlohmann::json events = nlohmann::json::array();
  for (const ProfileEvent& e : profile.events)
    events.push_back({{"name", e.op}, {"cat", "op"}, {"ph", "X"}, {"ts", e.start * 1e6}, {"dur", e.seconds * 1e6}, {"pid", 1}, {"tid", 1},
                      {"args", {{"line", to_string(e.where)}, {"bytes", e.bytes}, {"flop", e.flop}}}});
  // Lines of files whose names are not UTF-8 are shown as far as they are.
  write_file(path, nlohmann::json{{"traceEvents", std::move(events)}, {"displayTimeUnit", "ms"}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), where);
}

}  // namespace reel

#include "ops_document.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "op_samples.h"

namespace reel::test {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& p) {
  std::ifstream in(p);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}
std::vector<fs::path> files(const fs::path& folder, const std::set<std::string>& endings) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (endings.count(entry.path().extension().string())) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}
const fs::path kRoot = REEL_SOURCE_ROOT;

// What those who write kernels include, and the scheme itself: no functions for users.
bool internal(const std::string& header) {
  static const std::set<std::string> names{"along", "elementwise", "elementwise_list", "host", "linalg_decompose", "linalg_eigen_loops", "linalg_matrices",
                                           "normalization_parts", "product_sum", "row_sum", "strided", "update", "window"};
  return names.count(header) || header.ends_with("_op") || header.ends_with("_ops");
}

std::string trimmed(const std::string& s) {
  size_t a = s.find_first_not_of(" \n"), b = s.find_last_not_of(" \n");
  return a == std::string::npos ? "" : s.substr(a, b - a + 1);
}

// "const Tensor& x, Axes axes = {}, Where where = {}" as "x, axes".
std::string parameters(const std::string& list) {
  std::vector<std::string> parts{""};
  int depth = 0;
  for (char c : list) {
    if (c == '(' || c == '{' || c == '<') ++depth;
    if (c == ')' || c == '}' || c == '>') --depth;
    if (c == ',' && depth == 0) parts.push_back("");
    else parts.back() += c;
  }
  std::string text;
  for (std::string part : parts) {
    part = trimmed(part);
    if (part.empty() || part == "REEL_W" || part.starts_with("Where ")) continue;
    size_t equals = part.find(" = ");
    std::string value = equals == std::string::npos ? "" : part.substr(equals), declared = part.substr(0, equals);
    size_t space = declared.find_last_of(" &*");
    if (size_t pointer = declared.find("(*"); pointer != std::string::npos) {  // void (*deleter)(void*)
      space = pointer + 1;
      declared.resize(declared.find(')', pointer));
    }
    text += (text.empty() ? "" : ", ") + declared.substr(space + 1) + (value == " = {}" ? "" : value);
  }
  return text;
}

std::vector<OpEntry> entries_of(const fs::path& header) {
  static const std::regex macro(R"(^REEL_([A-Z]+)\((\w+), (\w+).*\)$)"), function(R"(^(?:inline )?(?!template|struct|using|namespace|return|static|extern|class|enum)[\w:<>, ]+?[ &](\w+)\(.*)");
  std::istringstream in(read(header));
  std::vector<OpEntry> found;
  std::string line, comment, of_struct;
  bool in_macro = false, used = false;  // the comment stands above a declaration that was read
  while (std::getline(in, line)) {
    if (in_macro || line.starts_with("#define")) {
      in_macro = line.ends_with("\\");
      continue;
    }
    if (line.starts_with(" ")) continue;  // inside a struct or a body
    if (line.starts_with("//")) {
      if (used) comment.clear();
      used = false;
      comment += (comment.empty() ? "" : " ") + trimmed(line.substr(2));
      continue;
    }
    std::smatch m;
    if (line.starts_with("struct ") && !line.ends_with(";")) of_struct = comment;
    if (std::regex_match(line, m, macro)) {
      bool two = m[1] == "COMPARISON" || m[1] == "BITWISE";
      found.push_back({header.stem().string(), m[3], m[3].str() + (two ? "(a, b)" : "(x)"), comment});
      continue;  // one comment over several
    }
    if (std::regex_match(line, m, function) && line.find("operator") == std::string::npos && line.find("Grads ") == std::string::npos) {
      std::string name = m[1], text = line;
      if (name == "from_values" || name == "basic_index") continue;  // what templates and x[...] are made of
      for (int depth = 0;; ) {
        depth = 0;
        size_t end = std::string::npos, open = text.find(name + "(") + name.size();
        for (size_t i = open; i < text.size(); ++i) {
          depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
          if (depth == 0) { end = i; break; }
        }
        if (end != std::string::npos) {
          std::string said = !used ? comment : found.back().name == name ? found.back().comment : "";
          if (said.empty()) said = of_struct;
          if (size_t beside = text.find("// ", end); beside != std::string::npos)
            said += (said.empty() ? "" : " ") + trimmed(text.substr(beside + 3));
          found.push_back({header.stem().string(), name, name + "(" + parameters(text.substr(open + 1, end - open - 1)) + ")", said});
          of_struct.clear();
          used = true;
          break;
        }
        if (!std::getline(in, line)) break;
        text += " " + trimmed(line);
      }
      continue;
    }
    if (trimmed(line).empty() || line.starts_with("}") || line.starts_with("struct") || line.starts_with("#")) comment.clear();
  }
  return found;
}

// Op structs by the name that their functions have.
struct Kernels {
  std::map<std::string, std::string> op_of;  // "softmax" -> "Softmax"
  std::set<std::string> views, complex, of_complex, cuda;  // of_complex: of nothing else
};
Kernels kernels() {
  Kernels k;
  static const std::regex opened(R"(struct (\w+)[^;]*\{\s*)"), named(R"re(.*constexpr const char\* name = "(\w+)";.*)re"), cuda_kernel(R"(REEL_KERNEL\((\w+), kCuda\))");
  static const std::regex stamped(R"(REEL_[A-Z]+\((\w+), (\w+).*)");  // REEL_BESSEL(BesselI0, i0);
  for (const fs::path& p : files(kRoot / "tensor" / "ops", {".h", ".cc"})) {
    std::istringstream in(read(p));
    std::string line, current;
    bool stamps = false;  // a macro of this file makes structs and names them
    std::smatch m;
    while (std::getline(in, line)) {
      stamps |= line.find("constexpr const char* name = #") != std::string::npos;
      if (std::regex_match(line, m, opened)) current = m[1];
      else if (stamps && std::regex_match(line, m, stamped)) k.op_of[m[2]] = m[1];
      else if (std::regex_match(line, m, named)) k.op_of[m[1]] = current;
      else if (line.find("constexpr bool views = true") != std::string::npos) k.views.insert(current), k.complex.insert(current);
      else if (line.find("constexpr bool complex = true") != std::string::npos) k.complex.insert(current);
      else if (line.find("constexpr Types types = kComplex;") != std::string::npos) k.of_complex.insert(current);
    }
  }
  for (const fs::path& p : files(kRoot / "cuda", {".cu", ".cc"})) {
    std::string text = read(p);
    for (std::sregex_iterator i(text.begin(), text.end(), cuda_kernel), end; i != end; ++i) k.cuda.insert((*i)[1]);
  }
  return k;
}

std::string types_text(Types t) {
  if (t & kComplex) return types_text(Types(t & kAny)) + ", complex";
  if ((t & kAny) == kAny) return "any";
  if ((t & kNumbers) == kNumbers) return "numbers";
  if (t == (kInts | kBools)) return "integers, bool";
  return t & kFloats ? "floats" : t & kInts ? "integers" : "bool";
}

const Row* row_of(const std::string& name) {
  for (const Row& r : rows())
    if (r.name == name || r.name.starts_with(name + " ")) return &r;
  return nullptr;
}
bool takes_complex(const Row& row) {
  if (row.shapes.empty() || !takes(row.types, float64)) return false;
  Tensors in;
  for (size_t i = 0; i < row.shapes.size(); ++i) in.push_back(cast(samples(row.shapes[i], float64, row.low, row.high, i + 1), complex128));
  try {
    row.call(in);
    return true;
  } catch (const DTypeError&) {
    return false;
  }
}
const ElementwiseOp* elementwise_of(const std::string& name) {
  for (const ElementwiseOp& op : elementwise_ops())
    if (op.name == name) return &op;
  return nullptr;
}

}  // namespace

std::vector<OpEntry> op_entries() {
  std::vector<OpEntry> all;
  for (const fs::path& p : files(kRoot / "tensor" / "ops", {".h"})) {
    if (internal(p.stem().string())) continue;
    for (OpEntry& e : entries_of(p)) all.push_back(std::move(e));
  }
  return all;
}

bool has_row(const std::string& name) { return row_of(name) || elementwise_of(name); }

std::string ops_document() {
  std::string text =
      "# Ops\n\nMade by `./dev docs` from the headers in `tensor/ops`, the rows of samples in `tests` and the kernels that are there.\n\n"
      "`dtypes`: what the op computes in; integers become float32 where only floats are named. `gradient`: every op that has one has it to\n"
      "every order. `kind`: *op* has a kernel on the devices named, *view* shares its input's storage on any device, *formula* is written in\n"
      "other ops and runs where they do. A dash: not said by a row of samples; the test of that family holds it.\n";
  Kernels k = kernels();
  std::string family;
  for (const OpEntry& e : op_entries()) {
    if (e.family != family) {
      family = e.family;
      std::string head = read(kRoot / "tensor" / "ops" / (family + ".h")), sentence;
      std::istringstream in(head);
      for (std::string line; std::getline(in, line);) {
        if (line.starts_with("//")) sentence += (sentence.empty() ? "" : " ") + trimmed(line.substr(2));
        else if (!sentence.empty()) break;
      }
      text += "\n## " + family + "\n\n" + sentence + "\n\n| function | what | dtypes | gradient | kind |\n|---|---|---|---|---|\n";
    }
    const Row* row = row_of(e.name);
    const ElementwiseOp* op = elementwise_of(e.name);
    std::string dtypes = "–", gradient = "–", kind = "formula";
    if (op) {
      dtypes = types_text(op->types);
      gradient = op->answers_bool || !(op->types & kFloats) ? "none" : "yes";
      kind = "op: cpu, cuda";
    } else if (row) {
      dtypes = types_text(takes_complex(*row) ? row->types | kComplex : row->types);
      gradient = row->differentiable ? "yes" : "none";
    }
    if (auto found = k.op_of.find(e.name); !op && found != k.op_of.end()) {
      if (row && k.complex.count(found->second)) dtypes = types_text(row->types | kComplex);
      if (k.of_complex.count(found->second)) dtypes = "complex", gradient = "yes";
      kind = k.views.count(found->second) ? "view" : k.cuda.count(found->second) || k.of_complex.count(found->second) ? "op: cpu, cuda" : "op: cpu";
    }
    std::string what = std::regex_replace(e.comment, std::regex(R"(\|)"), "\\|");
    text += "| `" + std::regex_replace(e.signature, std::regex(R"(\|)"), "\\|") + "` | " + what + " | " + dtypes + " | " + gradient + " | " + kind + " |\n";
  }
  return text;
}

}  // namespace reel::test

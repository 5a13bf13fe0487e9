#include "model.h"

#include <cstring>

#include "io/file.h"
#include "wire.h"

namespace reel::onnx {
namespace {

template <class T, class From> Tensor from_numbers(const std::vector<From>& numbers, const Shape& shape) {
  return cast(tensor(std::span<const From>(numbers), shape), dtype_of<T>());
}

std::pair<std::string, Tensor> parse_tensor(std::string_view message) {
  std::vector<int64_t> dims, integers;
  std::vector<float> floats;
  std::vector<double> doubles;
  std::string_view raw;
  bool has_raw = false;
  std::string name;
  DType dtype = float32;
  for (Fields f(message); f.next();) switch (f.id) {
      case 1: f.append(dims); break;
      case 2: dtype = dtype_of_number(int64_t(f.number)); break;
      case 4: f.append(floats); break;
      case 5: case 7: f.append(integers); break;  // int32_data also holds bools, small integers and the bits of 16-bit floats
      case 8: name = f.bytes; break;
      case 9: raw = f.bytes, has_raw = true; break;
      case 10: f.append(doubles); break;
    }
  Shape shape{std::span<const int64_t>(dims)};
  if (has_raw) {
    int64_t bytes = checked_bytes(shape, item_size(dtype));
    if (int64_t(raw.size()) != bytes) throw FileError("onnx: a tensor of " + std::to_string(bytes) + " bytes with " + std::to_string(raw.size()));
    Tensor x = empty(shape, dtype);
    std::memcpy(x.raw(), raw.data(), raw.size());
    return {name, x};
  }
  return {name, visit(dtype, [&]<class T>(T*) {
            if constexpr (std::is_same_v<T, float>) return from_numbers<float>(floats, shape);
            else if constexpr (std::is_same_v<T, double>) return from_numbers<double>(doubles, shape);
            else if constexpr (std::is_integral_v<T>) return from_numbers<T>(integers, shape);
            else {
              std::vector<T> v(integers.size());
              for (size_t i = 0; i < v.size(); ++i) v[i].bits = uint16_t(integers[i]);
              return from_values(v.data(), int64_t(v.size()), shape, dtype_of<T>(), {});
            }
          })};
}

Graph parse_graph(std::string_view message);

std::pair<std::string, Attribute> parse_attribute(std::string_view message) {
  std::string name;
  Attribute a;
  for (Fields f(message); f.next();) switch (f.id) {
      case 1: name = f.bytes; break;
      case 2: a.f = double(f.as_float()); break;
      case 3: a.i = int64_t(f.number); break;
      case 4: a.s = f.bytes; break;
      case 5: a.t = parse_tensor(f.bytes).second; break;
      case 6: a.g.push_back(parse_graph(f.bytes)); break;
      case 8: f.append(a.ints); break;
    }
  return {name, a};
}

Node parse_node(std::string_view message) {
  Node n;
  for (Fields f(message); f.next();) switch (f.id) {
      case 1: n.inputs.emplace_back(f.bytes); break;
      case 2: n.outputs.emplace_back(f.bytes); break;
      case 4: n.op = f.bytes; break;
      case 5: n.attributes.insert(parse_attribute(f.bytes)); break;
    }
  return n;
}

std::string name_of(std::string_view value_info) {
  for (Fields f(value_info); f.next();)
    if (f.id == 1) return std::string(f.bytes);
  return "";
}

Graph parse_graph(std::string_view message) {
  Graph g;
  for (Fields f(message); f.next();) switch (f.id) {
      case 1: g.nodes.push_back(parse_node(f.bytes)); break;
      case 5: g.initializers.push_back(parse_tensor(f.bytes)); break;
      case 11: g.inputs.push_back(name_of(f.bytes)); break;
      case 12: g.outputs.push_back(name_of(f.bytes)); break;
    }
  return g;
}

}  // namespace

DType dtype_of_number(int64_t data_type) {
  switch (data_type) {
    case 1: return float32;
    case 2: return uint8;
    case 3: return int8;
    case 5: return int16;
    case 6: return int32;
    case 7: return int64;
    case 9: return boolean;
    case 10: return float16;
    case 11: return float64;
    case 16: return bfloat16;
  }
  throw NoSuchType("onnx: a tensor of data type " + std::to_string(data_type));
}

Tensor read_tensor(const std::string& path) { return parse_tensor(read_file(path)).second; }

Model read_model(const std::string& path) {
  std::string content = read_file(path);
  Model m;
  for (Fields f(content); f.next();) {
    if (f.id == 7) m.graph = parse_graph(f.bytes);
    if (f.id == 8)
      for (Fields set(f.bytes); set.next();)
        if (set.id == 2) m.opset = int64_t(set.number);
  }
  return m;
}

}  // namespace reel::onnx

#pragma once
// ONNX graphs and tensors, read from their files; the field numbers are those of onnx.proto3.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "reel.h"

namespace reel::onnx {

struct Graph;
struct Attribute {
  double f = 0;
  int64_t i = 0;
  std::string s;
  Tensor t;
  std::vector<int64_t> ints;
  std::vector<Graph> g;  // none or one
};
struct Node {
  std::string op;
  std::vector<std::string> inputs, outputs;  // an empty name: left out
  std::map<std::string, Attribute> attributes;
};
struct Graph {
  std::vector<Node> nodes;
  std::vector<std::pair<std::string, Tensor>> initializers;
  std::vector<std::string> inputs, outputs;
};
struct Model {
  Graph graph;
  int64_t opset = 0;
};

// A type that no tensor holds (strings, sequences, uint16 ...).
struct NoSuchType : FileError { using FileError::FileError; };

DType dtype_of_number(int64_t data_type);  // TensorProto.DataType
Tensor read_tensor(const std::string& path);
Model read_model(const std::string& path);

}  // namespace reel::onnx

// Keras's table of a model.
#include <algorithm>

#include "nn/state.h"

namespace reel::nn {
namespace {

struct Counter final : WeightVisitor {
  int64_t trainable = 0, frozen = 0;
  bool missing = false;
  std::vector<const Storage*> seen;
  void weight(const std::string&, Weight& w) override {
    const Storage* s = w.value.body().storage;
    if (std::find(seen.begin(), seen.end(), s) != seen.end()) return;
    seen.push_back(s);
    (w.trainable ? trainable : frozen) += w.value.size();
  }
  void unbuilt(const std::string&) override { missing = true; }
};

std::string grouped(int64_t n) {
  std::string s = std::to_string(n);
  for (int i = int(s.size()) - 3; i > 0; i -= 3) s.insert(size_t(i), ",");
  return s;
}
std::string bytes(int64_t n) {
  char text[32];
  double b = 4. * double(n);
  if (b < 1024) std::snprintf(text, sizeof text, "%.2f B", b);
  else if (b < 1024 * 1024) std::snprintf(text, sizeof text, "%.2f KB", b / 1024);
  else if (b < 1024. * 1024 * 1024) std::snprintf(text, sizeof text, "%.2f MB", b / 1024 / 1024);
  else std::snprintf(text, sizeof text, "%.2f GB", b / 1024 / 1024 / 1024);
  return text;
}

constexpr int kWidths[] = {33, 24, 15};

std::string rule(const char* left, const char* line, const char* middle, const char* right) {
  std::string s = left;
  for (int c = 0; c < 3; ++c) {
    for (int i = 0; i < kWidths[c]; ++i) s += line;
    s += c < 2 ? middle : right;
  }
  return s + "\n";
}
std::string row(const char* bar, std::string a, std::string b, std::string c) {
  auto cell = [](std::string s, int width, bool right) {
    size_t room = size_t(width) - 2;
    if (s.size() > room) s = s.substr(0, room - 1) + "~";
    std::string gap(room - s.size(), ' ');
    return " " + (right ? gap + s : s + gap) + " ";
  };
  return bar + cell(std::move(a), kWidths[0], false) + bar + cell(std::move(b), kWidths[1], false) + bar + cell(std::move(c), kWidths[2], true) + bar + "\n";
}

}  // namespace

std::string Model::summary() const {
  std::string s = "Model: \"" + name() + "\"\n";
  s += rule("\u250f", "\u2501", "\u2533", "\u2513") + row("\u2503", "Layer (type)", "Output Shape", "Param #") + rule("\u2521", "\u2501", "\u2547", "\u2529");
  struct Line {
    std::string name, shape, params;
  };
  std::vector<Line> lines;
  auto line = [&](const Layer* layer, const std::string& fallback, const std::string& shape) {
    Counter c;
    if (layer) layer->visit("", c);
    std::string shown = !layer ? fallback : layer->record() ? layer->record()->name + " (" + layer->type() + ")" : layer->type();
    lines.push_back({shown, shape, c.missing ? "0 (unbuilt)" : grouped(c.trainable + c.frozen)});
  };
  auto with_batch = [](Shape shape) {
    if (shape.rank()) shape[0] = kSymbolicBatch;
    return symbolic_shape(shape);
  };
  if (state_->graph) {
    for (const Step& step : state_->graph->steps())
      line(step.layer, step.name + (step.inputs.empty() ? " (InputLayer)" : ""), symbolic_shape(step.output.shape()));
  } else {
    std::vector<Shape> outputs = state_->last_call.seen().outputs;
    for (size_t i = 0; i < state_->layers.size(); ++i) line(&state_->layers[i], "", i < outputs.size() ? with_batch(outputs[i]) : "?");
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i) s += rule("\u251c", "\u2500", "\u253c", "\u2524");
    s += row("\u2502", lines[i].name, lines[i].shape, lines[i].params);
  }
  s += rule("\u2514", "\u2500", "\u2534", "\u2518");
  Counter all;
  visit("", all);
  s += " Total params: " + grouped(all.trainable + all.frozen) + " (" + bytes(all.trainable + all.frozen) + ")\n";
  s += " Trainable params: " + grouped(all.trainable) + " (" + bytes(all.trainable) + ")\n";
  s += " Non-trainable params: " + grouped(all.frozen) + " (" + bytes(all.frozen) + ")\n";
  return s;
}

}  // namespace reel::nn

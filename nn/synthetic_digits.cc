#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <string>

#include "io/file.h"
#include "nn/datasets.h"
#include "nn/dice.h"
#include "tensor/ops/create.h"
#include "tensor/parallel.h"

namespace reel::datasets {
namespace {

constexpr int kSide = 28;

struct Point {
  double x, y;
};

// A stroke is a smooth curve through its points; an empty point lifts the pen. The figures stand in a box of x from -0.5 to 0.5 and y
// from -1 (top) to 1, two hands for those that people write in two ways.
constexpr Point kLift = {9, 9};
using Figure = std::span<const Point>;
constexpr Point k0[] = {{0.1, -1}, {-0.35, -0.75}, {-0.55, 0}, {-0.35, 0.75}, {0.05, 1}, {0.4, 0.75}, {0.55, 0}, {0.4, -0.75}, {0.05, -1}};
constexpr Point k1[] = {{0, -1}, {0, -0.3}, {0, 0.3}, {0, 1}};
constexpr Point k1b[] = {{-0.35, -0.6}, {-0.1, -0.8}, {0.05, -1}, kLift, {0.05, -1}, {0.03, 0}, {0, 1}};
constexpr Point k2[] = {{-0.5, -0.6}, {-0.25, -0.95}, {0.2, -0.95}, {0.45, -0.6}, {0.3, -0.1}, {-0.1, 0.45}, {-0.5, 0.95}, kLift,
                        {-0.5, 0.95}, {0, 0.93}, {0.55, 0.95}};
constexpr Point k2b[] = {{-0.45, -0.65}, {-0.1, -1}, {0.4, -0.8}, {0.4, -0.3}, {0, 0.4}, {-0.45, 0.85}, {-0.5, 0.6}, {-0.2, 0.6}, {0.2, 0.95}, {0.6, 0.85}};
constexpr Point k3[] = {{-0.45, -0.8}, {-0.05, -1}, {0.4, -0.8}, {0.4, -0.35}, {0, -0.05}, kLift, {0, -0.05}, {0.45, 0.2}, {0.5, 0.65}, {0.05, 1}, {-0.5, 0.8}};
constexpr Point k4[] = {{-0.25, -1}, {-0.4, -0.4}, {-0.5, 0.15}, kLift, {-0.5, 0.15}, {0, 0.12}, {0.6, 0.1}, kLift, {0.3, -0.7}, {0.28, 0.1}, {0.25, 1}};
constexpr Point k4b[] = {{0.2, -1}, {-0.2, -0.45}, {-0.6, 0.25}, kLift, {-0.6, 0.25}, {0, 0.25}, {0.6, 0.22}, kLift, {0.2, -1}, {0.22, 0}, {0.2, 1}};
constexpr Point k5[] = {{0.5, -1}, {0.1, -0.98}, {-0.35, -0.95}, kLift, {-0.35, -0.95}, {-0.4, -0.55}, {-0.43, -0.15}, kLift,
                        {-0.43, -0.15}, {0, -0.3}, {0.45, 0}, {0.5, 0.5}, {0.1, 0.95}, {-0.5, 0.85}};
constexpr Point k6[] = {{0.35, -1}, {-0.15, -0.6}, {-0.5, 0.1}, {-0.45, 0.75}, {0, 1}, {0.45, 0.75}, {0.4, 0.25}, {0, 0.05}, {-0.45, 0.4}};
constexpr Point k7[] = {{-0.5, -0.9}, {0, -0.92}, {0.5, -0.95}, kLift, {0.5, -0.95}, {0.2, -0.1}, {-0.15, 1}};
constexpr Point k7b[] = {{-0.5, -0.9}, {0, -0.92}, {0.5, -0.95}, kLift, {0.5, -0.95}, {0.2, -0.1}, {-0.15, 1}, kLift, {-0.2, 0.02}, {0.2, 0}, {0.5, -0.02}};
constexpr Point k8[] = {{0.35, -0.75}, {0, -1}, {-0.4, -0.75}, {-0.3, -0.3}, {0.1, 0}, {0.45, 0.45}, {0.3, 0.9}, {-0.1, 1}, {-0.45, 0.75},
                        {-0.35, 0.3}, {0.05, -0.05}, {0.4, -0.4}, {0.35, -0.75}};
constexpr Point k9[] = {{0.4, -0.6}, {0.1, -0.95}, {-0.35, -0.75}, {-0.4, -0.25}, {0, 0}, {0.4, -0.3}, {0.4, -0.6}, kLift, {0.4, -0.6}, {0.38, 0.2}, {0.3, 1}};
constexpr Point k9b[] = {{0.4, -0.6}, {0.1, -0.95}, {-0.35, -0.75}, {-0.4, -0.25}, {0, 0}, {0.4, -0.3}, {0.4, -0.6}, kLift,
                         {0.4, -0.6}, {0.4, 0.2}, {0.2, 0.8}, {-0.3, 0.95}};
constexpr Figure kFigures[10][2] = {{k0, k0}, {k1, k1b}, {k2, k2b}, {k3, k3}, {k4, k4b}, {k5, k5}, {k6, k6}, {k7, k7b}, {k8, k8}, {k9, k9b}};

double distance(Point p, Point a, Point b) {
  double dx = b.x - a.x, dy = b.y - a.y, length2 = dx * dx + dy * dy;
  double t = length2 > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length2, 0.0, 1.0) : 0;
  return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

class Page {
 public:
  explicit Page(double pen) : pen_(pen) {}
  void line(Point a, Point b) {
    double reach = pen_ + 1;
    int x0 = std::max(0, int(std::floor(std::min(a.x, b.x) - reach))), x1 = std::min(kSide - 1, int(std::ceil(std::max(a.x, b.x) + reach)));
    int y0 = std::max(0, int(std::floor(std::min(a.y, b.y) - reach))), y1 = std::min(kSide - 1, int(std::ceil(std::max(a.y, b.y) + reach)));
    for (int y = y0; y <= y1; ++y)
      for (int x = x0; x <= x1; ++x) {
        // Ink fades over one pixel and a half at the pen's edge.
        double ink = std::clamp((pen_ + 0.75 - distance({double(x), double(y)}, a, b)) / 1.5, 0.0, 1.0);
        ink_[y][x] = std::max(ink_[y][x], ink);
      }
  }
  double ink(int y, int x) const { return ink_[y][x]; }

 private:
  double pen_;
  double ink_[kSide][kSide] = {};
};

// Catmull and Rom's curve between b and c.
Point on_curve(Point a, Point b, Point c, Point d, double t) {
  auto mix = [t](double p, double q, double r, double s) {
    return 0.5 * (2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * t * t + (3 * q - p - 3 * r + s) * t * t * t);
  };
  return {mix(a.x, b.x, c.x, d.x), mix(a.y, b.y, c.y, d.y)};
}

void draw_stroke(Page& page, std::span<const Point> p) {
  constexpr int kPieces = 5;
  int n = int(p.size());
  for (int i = 0; i + 1 < n; ++i) {
    Point from = p[i];
    for (int k = 1; k <= kPieces; ++k) {
      Point to = on_curve(p[std::max(i - 1, 0)], p[i], p[i + 1], p[std::min(i + 2, n - 1)], double(k) / kPieces);
      page.line(from, to);
      from = to;
    }
  }
}

void draw(int digit, Dice dice, float* pixels) {
  Figure figure = kFigures[digit][dice.below(2)];
  double turn = 0.13 * dice.normal(), slant = 0.2 * dice.normal() - 0.1, height = dice.uniform(7.3, 10.2), width = height * dice.uniform(0.75, 1.35);
  double right = 13.5 + dice.uniform(-1.8, 1.8), down = 13.5 + dice.uniform(-1.8, 1.8);
  double wobble = dice.uniform(0.01, 0.07);
  Page page(dice.uniform(0.65, 1.75));

  Point stroke[16];
  int count = 0;
  for (size_t i = 0; i <= figure.size(); ++i) {
    if (i == figure.size() || figure[i].x == kLift.x) {
      draw_stroke(page, {stroke, size_t(count)});
      count = 0;
      continue;
    }
    double x = figure[i].x + wobble * dice.normal(), y = figure[i].y + wobble * dice.normal();
    x -= slant * y;
    x *= width, y *= height;
    stroke[count++] = {right + x * std::cos(turn) - y * std::sin(turn), down + x * std::sin(turn) + y * std::cos(turn)};
  }
  double strength = dice.uniform(0.8, 1), grain = dice.uniform(0, 0.08);
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) {
      // As in scanned digits the paper is clean and the ink is not.
      double ink = page.ink(y, x), value = ink > 0 ? ink * strength + grain * dice.normal() : dice.chance(0.001) ? dice.uniform(0, 0.5) : 0;
      *pixels++ = float(std::round(std::clamp(value, 0.0, 1.0) * 255) / 255);
    }
}

Dataset digits(int64_t count, uint64_t seed, uint64_t first_stream) {
  Tensor x = empty({count, kSide, kSide, 1}), y = empty({count}, int64);
  float* pixels = x.raw<float>();
  int64_t* labels = y.raw<int64_t>();
  parallel_for(count, 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      // Every ten samples hold each digit once, in an order drawn for those ten.
      int order[10];
      std::iota(order, order + 10, 0);
      Dice ten(seed, first_stream + uint64_t(i / 10) * 16);
      for (int k = 9; k > 0; --k) std::swap(order[k], order[ten.below(k + 1)]);
      labels[i] = order[i % 10];
      draw(order[i % 10], Dice(seed, first_stream + uint64_t(i / 10) * 16 + 1 + uint64_t(i % 10)), pixels + i * kSide * kSide);
    }
  });
  return {x, y};
}

}  // namespace

Split synthetic_digits(int64_t train_count, int64_t test_count, uint64_t seed, Where where) {
  return located(where, [&]() -> Split {
    if (train_count < 0 || test_count < 0)
      throw ShapeError("synthetic_digits: the counts must not be negative, got " + std::to_string(train_count) + " and " + std::to_string(test_count));
    return {digits(train_count, seed, 0), digits(test_count, seed, uint64_t(1) << 62)};
  });
}

}  // namespace reel::datasets

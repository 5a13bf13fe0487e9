// Einstein sums by pairs: transposes bring two operands to stacks of matrices, whose product is the contraction.
#include <algorithm>
#include <cctype>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/arrange.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/matmul.h"
#include "tensor/ops/products.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/view.h"

namespace reel {
namespace {

// A label is a letter, or kDots + k for the k-th axis from the right under an ellipsis.
constexpr int kDots = 256;
using Labels = std::vector<int>;

bool has(const Labels& l, int label) { return std::find(l.begin(), l.end(), label) != l.end(); }
std::string spelled(int label) { return label >= kDots ? "..." : std::string(1, char(label)); }

struct Term {
  Tensor x;
  Labels labels;
};

struct Contraction {
  std::string text;
  Inputs in;
  std::vector<Term> terms;
  Labels out;
  int64_t extent[kDots + kMaxRank] = {};

  [[noreturn]] void wrong(const std::string& why) const { fail("einsum", why + " in \"" + text + "\"", in); }

  // The labels of one operand or of the answer; `dots` axes stand under its ellipsis.
  Labels labels_of(std::string_view part, int dots) const {
    Labels l;
    bool seen = false;
    for (size_t i = 0; i < part.size(); ++i) {
      if (part.substr(i, 3) == "...") {
        if (seen) wrong("two ellipses");
        seen = true;
        for (int k = dots - 1; k >= 0; --k) l.push_back(kDots + k);
        i += 2;
      } else if (std::isalpha(static_cast<unsigned char>(part[i]))) {
        l.push_back(part[i]);
      } else {
        wrong(std::string("'") + part[i] + "' is no letter");
      }
    }
    return l;
  }

  Contraction(std::string_view subscripts, Inputs operands) : text(subscripts), in(operands) {
    std::string s;
    for (char c : text)
      if (c != ' ') s += c;
    size_t arrow = s.find("->");
    std::string left = s.substr(0, arrow);
    std::vector<std::string> parts{""};
    for (char c : left) {
      if (c == ',') parts.emplace_back();
      else parts.back() += c;
    }
    if (int(parts.size()) != in.size()) wrong(std::to_string(parts.size()) + " terms for " + std::to_string(in.size()) + " operands");
    int most_dots = 0;
    Labels met;
    for (int i = 0; i < in.size(); ++i) {
      const std::string& part = parts[size_t(i)];
      bool dotted = part.find("...") != std::string::npos;
      int letters = int(part.size()) - (dotted ? 3 : 0), dots = in[i].rank() - letters;
      if (dots < 0 || (dots > 0 && !dotted)) wrong("operand " + std::to_string(i) + " has " + std::to_string(in[i].rank()) + " axes for " + std::to_string(letters) + " letters");
      most_dots = std::max(most_dots, dots);
      Term t{in[i], labels_of(part, dots)};
      for (int k = 0; k < in[i].rank(); ++k) {
        int label = t.labels[size_t(k)];
        int64_t n = in[i].shape()[k], &known = extent[label];
        if (!has(met, label)) known = n;
        else if (known == 1) known = n;
        else if (n != 1 && n != known) wrong(spelled(label) + " is " + std::to_string(known) + " and, in operand " + std::to_string(i) + ", " + std::to_string(n));
        met.push_back(label);
      }
      terms.push_back(std::move(t));
    }
    if (arrow != std::string::npos) {
      out = labels_of(s.substr(arrow + 2), most_dots);
    } else {
      for (int k = most_dots - 1; k >= 0; --k) out.push_back(kDots + k);
      for (int c = 0; c < kDots; ++c)
        if (std::count(met.begin(), met.end(), c) == 1) out.push_back(c);
    }
    for (int label : out) {
      if (std::count(out.begin(), out.end(), label) > 1) wrong(spelled(label) + " stands twice in the answer");
      if (!has(met, label)) wrong(spelled(label) + " stands in the answer only");
    }
    if (int(out.size()) > kMaxRank) wrong("the answer has more than 8 axes");
  }

  double size_of(const Labels& l) const {
    double n = 1;
    for (int label : l) n *= double(extent[label]);
    return n;
  }

  // One label an axis: repeated ones become diagonals, and axes of 1 that others broadcast go.
  void simplify(Term& t) const {
    for (size_t i = 0; i < t.labels.size();) {
      size_t again = size_t(std::find(t.labels.begin() + std::ptrdiff_t(i) + 1, t.labels.end(), t.labels[i]) - t.labels.begin());
      int label = t.labels[i];
      if (t.x.shape()[int(i)] == 1 && extent[label] != 1) {
        t.x = squeeze(t.x, int(i));
        t.labels.erase(t.labels.begin() + std::ptrdiff_t(i));
      } else if (again < t.labels.size()) {
        if (t.x.shape()[int(again)] == 1 && extent[label] != 1) {
          t.x = squeeze(t.x, int(again));
        } else {
          t.x = diagonal(t.x, 0, int(i), int(again));
          t.labels.erase(t.labels.begin() + std::ptrdiff_t(i));
          again -= 1;
          t.labels.push_back(label);
        }
        t.labels.erase(t.labels.begin() + std::ptrdiff_t(again));
      } else {
        ++i;
      }
    }
  }
  // Sums over labels that nothing else asks for.
  static void reduce(Term& t, const Labels& wanted) {
    Axes axes;
    Labels left;
    for (size_t i = 0; i < t.labels.size(); ++i) {
      if (has(wanted, t.labels[i])) left.push_back(t.labels[i]);
      else axes.at[axes.count++] = int8_t(i);
    }
    if (axes.count) t.x = cast(sum(t.x, axes), t.x.dtype());
    t.labels = left;
  }
  static Tensor arranged(const Term& t, const Labels& order) {
    std::vector<int> axes;
    for (int label : order) axes.push_back(int(std::find(t.labels.begin(), t.labels.end(), label) - t.labels.begin()));
    return transpose(t.x, axes);
  }

  Term contract(Term a, Term b, const Labels& wanted) const {
    auto with = [](Labels l, const Labels& more) { return l.insert(l.end(), more.begin(), more.end()), l; };
    reduce(a, with(wanted, b.labels));
    reduce(b, with(wanted, a.labels));
    Labels stack, summed, rows, columns;
    for (int label : a.labels) (!has(b.labels, label) ? rows : has(wanted, label) ? stack : summed).push_back(label);
    for (int label : b.labels)
      if (!has(a.labels, label)) columns.push_back(label);
    int64_t s = int64_t(size_of(stack)), k = int64_t(size_of(summed)), m = int64_t(size_of(rows)), n = int64_t(size_of(columns));
    Tensor x = reshape(arranged(a, with(with(stack, rows), summed)), {s, m, k}), y;
    if (summed.empty() || (m == 1 && n == 1 && s > 1)) {
      Tensor other = reshape(arranged(b, with(with(stack, columns), summed)), {s, n, k});
      if (summed.empty()) y = x * reshape(other, {s, 1, n});
      else y = sum(x * other, -1), y = cast(y, promote(a.x.dtype(), b.x.dtype()));
    } else {
      Tensor other = reshape(arranged(b, with(with(stack, summed), columns)), {s, k, n});
      y = stack.empty() ? matmul(squeeze(x, 0), squeeze(other, 0)) : matmul(x, other);
    }
    Term t{{}, with(with(stack, rows), columns)};
    if (t.labels.size() > size_t(kMaxRank)) wrong("a product on the way has more than 8 axes");
    Shape shape;
    for (int label : t.labels) shape.push(extent[label]);
    t.x = reshape(y, shape);
    return t;
  }

  // The labels that the answer or an operand other than i and j has.
  Labels wanted_beside(size_t i, size_t j) const {
    Labels l = out;
    for (size_t k = 0; k < terms.size(); ++k)
      if (k != i && k != j) l.insert(l.end(), terms[k].labels.begin(), terms[k].labels.end());
    return l;
  }
  // What is left of a pair, less what it takes away: the cheapest pair comes next.
  double growth(size_t i, size_t j) const {
    Labels wanted = wanted_beside(i, j), left;
    for (const Labels* l : {&terms[i].labels, &terms[j].labels})
      for (int label : *l)
        if (has(wanted, label) && !has(left, label)) left.push_back(label);
    return size_of(left) - size_of(terms[i].labels) - size_of(terms[j].labels);
  }

  Tensor run() {
    for (Term& t : terms) simplify(t);
    while (terms.size() > 1) {
      size_t first = 0, second = 1;
      for (size_t i = 0; i < terms.size(); ++i)
        for (size_t j = i + 1; j < terms.size(); ++j)
          if (growth(i, j) < growth(first, second)) first = i, second = j;
      Term t = contract(terms[first], terms[second], wanted_beside(first, second));
      terms.erase(terms.begin() + std::ptrdiff_t(second));
      terms[first] = std::move(t);
    }
    reduce(terms[0], out);
    return arranged(terms[0], out);
  }
};

}  // namespace

Tensor einsum(std::string_view subscripts, const Tensors& operands, Where where) {
  return formula(where, [&] {
    if (operands.empty()) throw ShapeError("einsum: no operands given");
    std::vector<const Tensor*> at;
    for (const Tensor& t : operands) at.push_back(&t);
    return Contraction(subscripts, Inputs(at.data(), int(at.size()))).run();
  });
}

}  // namespace reel

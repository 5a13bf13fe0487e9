// Rows of shapes, joins and products.
#include <algorithm>

#include "op_samples.h"

namespace reel::test {
namespace {

using Ints = std::vector<int64_t>;

// y[index] = x[from(index)]; an empty answer leaves 0.
std::function<Array(const Arrays&)> picked(Ints dims, Ints (*from)(const Ints&)) {
  return [=](const Arrays& a) {
    Array y(dims);
    y.each([&](const Ints& i) {
      Ints at = from(i);
      if (!at.empty()) y(i) = a[0](at);
    });
    return y;
  };
}
#define REEL_PICK(...) [](const Ints& i) -> Ints { return __VA_ARGS__; }

const AddRows shapes({
    {.name = "moveaxis", .shapes = {{2, 3, 4}}, .call = [](const Tensors& x) { return moveaxis(x[0], 0, -1); },
     .formula = picked({3, 4, 2}, REEL_PICK({i[2], i[0], i[1]})), .ulps = 0, .atol = 0},
    {.name = "rollaxis", .shapes = {{2, 3, 4}}, .call = [](const Tensors& x) { return rollaxis(x[0], 2); },
     .formula = picked({4, 2, 3}, REEL_PICK({i[1], i[2], i[0]})), .ulps = 0, .atol = 0},
    {.name = "ravel", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return ravel(x[0]); },
     .formula = picked({6}, REEL_PICK({i[0] / 3, i[0] % 3})), .ulps = 0, .atol = 0},
    {.name = "atleast_1d", .shapes = {{3}}, .call = [](const Tensors& x) { return atleast_1d(x[0][1]); },
     .formula = picked({1}, REEL_PICK({i[0] + 1})), .ulps = 0, .atol = 0},
    {.name = "atleast_2d", .shapes = {{3}}, .call = [](const Tensors& x) { return atleast_2d(x[0]); },
     .formula = picked({1, 3}, REEL_PICK({i[1]})), .ulps = 0, .atol = 0},
    {.name = "atleast_3d", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return atleast_3d(x[0]); },
     .formula = picked({2, 3, 1}, REEL_PICK({i[0], i[1]})), .ulps = 0, .atol = 0},
    {.name = "broadcast_arrays", .shapes = {{2, 1}, {3}}, .call = [](const Tensors& x) { return concat(broadcast_arrays(x)); },
     .formula = [](const Arrays& a) {
       Array y({4, 3});
       y.each([&](const Ints& i) { y(i) = i[0] < 2 ? a[0]({i[0], 0}) : a[1]({i[1]}); });
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "roll", .shapes = {{2, 5}}, .call = [](const Tensors& x) { return roll(x[0], 7, 1); },
     .formula = picked({2, 5}, REEL_PICK({i[0], (i[1] + 3) % 5})), .ulps = 0, .atol = 0},
    {.name = "rot90", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return rot90(x[0]); },
     .formula = picked({3, 2}, REEL_PICK({i[1], 2 - i[0]})), .ulps = 0, .atol = 0},
    {.name = "flip of all", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return flip(x[0]); },
     .formula = picked({2, 3}, REEL_PICK({1 - i[0], 2 - i[1]})), .ulps = 0, .atol = 0},
    {.name = "meshgrid", .shapes = {{2}, {3}}, .call = [](const Tensors& x) { return concat(meshgrid(x)); },
     .formula = [](const Arrays& a) {
       Array y({6, 2});
       y.each([&](const Ints& i) { y(i) = i[0] < 3 ? a[0]({i[1]}) : a[1]({i[0] - 3}); });
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "fliplr", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return fliplr(x[0]); },
     .formula = picked({2, 3}, REEL_PICK({i[0], 2 - i[1]})), .ulps = 0, .atol = 0},
    {.name = "flipud", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return flipud(x[0]); },
     .formula = picked({2, 3}, REEL_PICK({1 - i[0], i[1]})), .ulps = 0, .atol = 0},
    {.name = "chunk", .shapes = {{2, 5}}, .call = [](const Tensors& x) { return chunk(x[0], 2, 1)[1]; },
     .formula = picked({2, 2}, REEL_PICK({i[0], i[1] + 3})), .ulps = 0, .atol = 0},
    {.name = "array_split", .shapes = {{5, 2}}, .call = [](const Tensors& x) { return array_split(x[0], 3)[1]; },
     .formula = picked({2, 2}, REEL_PICK({i[0] + 2, i[1]})), .ulps = 0, .atol = 0},
    {.name = "hsplit", .shapes = {{2, 4}}, .call = [](const Tensors& x) { return hsplit(x[0], 2)[1]; },
     .formula = picked({2, 2}, REEL_PICK({i[0], i[1] + 2})), .ulps = 0, .atol = 0},
    {.name = "vsplit", .shapes = {{4, 2}}, .call = [](const Tensors& x) { return vsplit(x[0], 2)[1]; },
     .formula = picked({2, 2}, REEL_PICK({i[0] + 2, i[1]})), .ulps = 0, .atol = 0},
    {.name = "dsplit", .shapes = {{2, 3, 4}}, .call = [](const Tensors& x) { return dsplit(x[0], 2)[1]; },
     .formula = picked({2, 3, 2}, REEL_PICK({i[0], i[1], i[2] + 2})), .ulps = 0, .atol = 0},
    {.name = "unstack", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return unstack(x[0], 1)[2]; },
     .formula = picked({2}, REEL_PICK({i[0], 2})), .ulps = 0, .atol = 0},
    {.name = "unflatten", .shapes = {{2, 6}}, .call = [](const Tensors& x) { return unflatten(x[0], 1, {-1, 3}); },
     .formula = picked({2, 2, 3}, REEL_PICK({i[0], 3 * i[1] + i[2]})), .ulps = 0, .atol = 0},
    {.name = "diagonal", .shapes = {{3, 2, 4}}, .call = [](const Tensors& x) { return diagonal(x[0], 1, 0, -1); },
     .formula = picked({2, 3}, REEL_PICK({i[1], i[0], i[1] + 1})), .ulps = 0, .atol = 0},
    {.name = "diag", .shapes = {{3}}, .call = [](const Tensors& x) { return diag(x[0], 1); },
     .formula = picked({4, 4}, REEL_PICK(i[1] == i[0] + 1 ? Ints{i[0]} : Ints{})), .ulps = 0, .atol = 0},
    {.name = "diagflat", .shapes = {{2, 2}}, .call = [](const Tensors& x) { return diagflat(x[0]); },
     .formula = picked({4, 4}, REEL_PICK(i[0] == i[1] ? Ints{i[0] / 2, i[0] % 2} : Ints{})), .ulps = 0, .atol = 0},
    {.name = "diag_embed", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return diag_embed(x[0], -1, 0, 2); },
     .formula = picked({4, 2, 4}, REEL_PICK(i[2] == i[0] - 1 ? Ints{i[1], i[2]} : Ints{})), .ulps = 0, .atol = 0},
    {.name = "tril", .shapes = {{2, 3, 3}}, .call = [](const Tensors& x) { return tril(x[0]); },
     .formula = picked({2, 3, 3}, REEL_PICK(i[2] <= i[1] ? i : Ints{})), .ulps = 0, .atol = 0},
    {.name = "triu", .shapes = {{3, 4}}, .call = [](const Tensors& x) { return triu(x[0], 1); },
     .formula = picked({3, 4}, REEL_PICK(i[1] > i[0] ? i : Ints{})), .ulps = 0, .atol = 0},
    {.name = "sliding_window_view", .shapes = {{2, 5}}, .call = [](const Tensors& x) { return sliding_window_view(x[0], {3}, {1}); },
     .formula = picked({2, 3, 3}, REEL_PICK({i[0], i[1] + i[2]})), .ulps = 0, .atol = 0},
    {.name = "as_strided", .shapes = {{2, 5}}, .call = [](const Tensors& x) { return as_strided(x[0], {3, 3}, {2, 2}, 1); },
     .formula = picked({3, 3}, REEL_PICK({(1 + 2 * i[0] + 2 * i[1]) / 5, (1 + 2 * i[0] + 2 * i[1]) % 5})), .ulps = 0, .atol = 0},
    {.name = "tile", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return tile(x[0], {2, 1, 2}); },
     .formula = picked({2, 2, 6}, REEL_PICK({i[1], i[2] % 3})), .ulps = 0, .atol = 0},
    {.name = "repeat", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return repeat(x[0], 2, 1); },
     .formula = picked({2, 6}, REEL_PICK({i[0], i[1] / 2})), .ulps = 0, .atol = 0},
    {.name = "repeat by counts", .shapes = {{2, 2}}, .call = [](const Tensors& x) { return repeat(x[0], tensor({1, 3}), 1); },
     .formula = picked({2, 4}, REEL_PICK({i[0], i[1] > 0})), .ulps = 0, .atol = 0},
    {.name = "pad reflect", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return pad(x[0], {{0, 0}, {2, 0}}, "reflect"); },
     .formula = picked({2, 5}, REEL_PICK({i[0], i[1] > 2 ? i[1] - 2 : 2 - i[1]})), .ulps = 0, .atol = 0},
    {.name = "pad wrap", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return pad(x[0], {{1, 0}, {0, 1}}, "circular"); },
     .formula = picked({3, 4}, REEL_PICK({(i[0] + 1) % 2, i[1] % 3})), .ulps = 0, .atol = 0},
    {.name = "hstack", .shapes = {{2, 3}, {2, 1}}, .call = [](const Tensors& x) { return hstack(x); },
     .formula = [](const Arrays& a) {
       Array y({2, 4});
       y.each([&](const Ints& i) { y(i) = i[1] < 3 ? a[0](i) : a[1]({i[0], 0}); });
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "vstack", .shapes = {{3}, {2, 3}}, .call = [](const Tensors& x) { return vstack(x); },
     .formula = [](const Arrays& a) {
       Array y({3, 3});
       y.each([&](const Ints& i) { y(i) = i[0] ? a[1]({i[0] - 1, i[1]}) : a[0]({i[1]}); });
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "dstack", .shapes = {{2, 3}, {2, 3}}, .call = [](const Tensors& x) { return dstack(x); },
     .formula = [](const Arrays& a) {
       Array y({2, 3, 2});
       y.each([&](const Ints& i) { y(i) = a[size_t(i[2])]({i[0], i[1]}); });
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "column_stack", .shapes = {{3}, {3, 2}}, .call = [](const Tensors& x) { return column_stack(x); },
     .formula = [](const Arrays& a) {
       Array y({3, 3});
       y.each([&](const Ints& i) { y(i) = i[1] ? a[1]({i[0], i[1] - 1}) : a[0]({i[0]}); });
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "append", .shapes = {{2, 2}, {3}}, .call = [](const Tensors& x) { return append(x[0], x[1]); },
     .formula = [](const Arrays& a) {
       Array y({7});
       for (size_t i = 0; i < 7; ++i) y.v[i] = i < 4 ? a[0].v[i] : a[1].v[i - 4];
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "insert", .shapes = {{2, 3}, {2, 1}}, .call = [](const Tensors& x) { return insert(x[0], tensor({1}), x[1], 1); },
     .formula = [](const Arrays& a) {
       Array y({2, 4});
       y.each([&](const Ints& i) { y(i) = i[1] == 1 ? a[1]({i[0], 0}) : a[0]({i[0], i[1] - (i[1] > 1)}); });
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "delete_at", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return delete_at(x[0], tensor({1}), 1); },
     .formula = picked({2, 2}, REEL_PICK({i[0], 2 * i[1]})), .ulps = 0, .atol = 0},
    {.name = "block", .shapes = {{2, 3}, {2, 1}}, .call = [](const Tensors& x) { return block({{x[0], x[1]}, {x[1], x[0]}}); },
     .formula = [](const Arrays& a) {
       Array y({4, 4});
       y.each([&](const Ints& i) {
         int64_t r = i[0] % 2;
         y(i) = i[0] < 2 ? (i[1] < 3 ? a[0]({r, i[1]}) : a[1]({r, 0})) : (i[1] == 0 ? a[1]({r, 0}) : a[0]({r, i[1] - 1}));
       });
       return y;
     }, .ulps = 0, .atol = 0},
});

// sum over k of f(index, k).
std::function<Array(const Arrays&)> summed(Ints dims, int64_t n, double (*f)(const Arrays&, const Ints&, int64_t)) {
  return [=](const Arrays& a) {
    Array y(dims);
    y.each([&](const Ints& i) {
      for (int64_t k = 0; k < n; ++k) y(i) += f(a, i, k);
    });
    return y;
  };
}
#define REEL_TERM(...) [](const Arrays& a, [[maybe_unused]] const Ints& i, [[maybe_unused]] int64_t k) -> double { return __VA_ARGS__; }

const AddRows products({
    {.name = "matmul", .shapes = {{2, 1, 3, 4}, {5, 4, 2}}, .call = [](const Tensors& x) { return matmul(x[0], x[1]); },
     .formula = summed({2, 5, 3, 2}, 4, REEL_TERM(a[0]({i[0], 0, i[2], k}) * a[1]({i[1], k, i[3]}))), .types = kNumbers, .atol = 16},
    {.name = "matmul of vectors", .shapes = {{4}, {4}}, .call = [](const Tensors& x) { return matmul(x[0], x[1]); },
     .formula = summed({}, 4, REEL_TERM(a[0]({k}) * a[1]({k}))), .types = kNumbers, .atol = 16},
    {.name = "mv", .shapes = {{3, 4}, {4}}, .call = [](const Tensors& x) { return mv(x[0], x[1]); },
     .formula = summed({3}, 4, REEL_TERM(a[0]({i[0], k}) * a[1]({k}))), .types = kNumbers, .atol = 16},
    {.name = "bmm", .shapes = {{2, 3, 4}, {2, 4, 2}}, .call = [](const Tensors& x) { return bmm(x[0], x[1]); },
     .formula = summed({2, 3, 2}, 4, REEL_TERM(a[0]({i[0], i[1], k}) * a[1]({i[0], k, i[2]}))), .types = kNumbers, .atol = 16},
    {.name = "tensordot", .shapes = {{2, 3, 4}, {4, 5, 3}}, .call = [](const Tensors& x) { return tensordot(x[0], x[1], {2, 1}, {0, 2}); },
     .formula = summed({2, 5}, 12, REEL_TERM(a[0]({i[0], k / 4, k % 4}) * a[1]({k % 4, i[1], k / 4}))), .types = kNumbers, .atol = 32},
    {.name = "cross", .shapes = {{2, 3}, {2, 3}}, .call = [](const Tensors& x) { return cross(x[0], x[1]); },
     .formula = summed({2, 3}, 1, REEL_TERM(a[0]({i[0], (i[1] + 1) % 3}) * a[1]({i[0], (i[1] + 2) % 3}) - a[0]({i[0], (i[1] + 2) % 3}) * a[1]({i[0], (i[1] + 1) % 3}))),
     .low = 0.5, .high = 1.9, .types = kNumbers, .atol = 16},  // what is below 0 would wrap in uint8
    {.name = "chain_matmul", .shapes = {{2, 3}, {3, 2}}, .call = [](const Tensors& x) { return chain_matmul(x); },
     .formula = summed({2, 2}, 3, REEL_TERM(a[0]({i[0], k}) * a[1]({k, i[1]}))), .types = kNumbers, .atol = 16, .same_bits = false},
    {.name = "baddbmm", .shapes = {{2, 1, 2}, {2, 3, 4}, {2, 4, 2}}, .call = [](const Tensors& x) { return baddbmm(x[0], x[1], x[2], 2, 3); },
     .formula = [](const Arrays& a) {
       Array y({2, 3, 2});
       y.each([&](const Ints& i) {
         y(i) = 2 * a[0]({i[0], 0, i[2]});
         for (int64_t k = 0; k < 4; ++k) y(i) += 3 * a[1]({i[0], i[1], k}) * a[2]({i[0], k, i[2]});
       });
       return y;
     }, .types = kNumbers, .atol = 64},
    {.name = "trace", .shapes = {{3, 4}}, .call = [](const Tensors& x) { return trace(x[0], 1); },
     .formula = summed({}, 3, REEL_TERM(a[0]({k, k + 1}))), .answers = accumulated, .atol = 16},
    {.name = "dot", .shapes = {{2, 3}, {4, 3, 2}}, .call = [](const Tensors& x) { return dot(x[0], x[1]); },
     .formula = summed({2, 4, 2}, 3, REEL_TERM(a[0]({i[0], k}) * a[1]({i[1], k, i[2]}))), .types = kNumbers, .atol = 16},
    {.name = "vdot", .shapes = {{2, 3}, {6}}, .call = [](const Tensors& x) { return vdot(x[0], x[1]); },
     .formula = summed({}, 6, REEL_TERM(a[0].v[size_t(k)] * a[1].v[size_t(k)])),
     .types = kNumbers, .atol = 16},
    {.name = "inner", .shapes = {{2, 3}, {4, 3}}, .call = [](const Tensors& x) { return inner(x[0], x[1]); },
     .formula = summed({2, 4}, 3, REEL_TERM(a[0]({i[0], k}) * a[1]({i[1], k}))),
     .types = kNumbers, .atol = 16},
    {.name = "outer", .shapes = {{3}, {2}}, .call = [](const Tensors& x) { return outer(x[0], x[1]); },
     .formula = summed({3, 2}, 1, REEL_TERM(a[0].v[size_t(i[0])] * a[1].v[size_t(i[1])]))},
    {.name = "kron", .shapes = {{2, 3}, {2}}, .call = [](const Tensors& x) { return kron(x[0], x[1]); },
     .formula = summed({2, 6}, 1, REEL_TERM(a[0]({i[0], i[1] / 2}) * a[1].v[size_t(i[1] % 2)]))},
    {.name = "einsum", .shapes = {{2, 3, 4}, {4, 3}, {2}}, .call = [](const Tensors& x) { return einsum("bij,ji,b->bj", x); },
     .formula = summed({2, 4}, 3, REEL_TERM(a[0]({i[0], k, i[1]}) * a[1]({i[1], k}) * a[2].v[size_t(i[0])])), .types = kNumbers, .atol = 32},
    {.name = "einsum of a diagonal", .shapes = {{3, 2, 3}}, .call = [](const Tensors& x) { return einsum("iji->ji", x); },
     .formula = picked({2, 3}, REEL_PICK({i[1], i[0], i[1]})),
     .ulps = 0, .atol = 0},
    {.name = "multi_dot", .shapes = {{2, 3}, {3, 1}, {1, 4}}, .call = [](const Tensors& x) { return multi_dot(x); },
     .formula = summed({2, 4}, 3, REEL_TERM(a[0]({i[0], k}) * a[1]({k, 0}) * a[2]({0, i[1]}))), .types = kNumbers, .atol = 32},
    {.name = "addmm", .shapes = {{2}, {3, 4}, {4, 2}}, .call = [](const Tensors& x) { return addmm(x[0], x[1], x[2], 2, 3); },
     .formula = [](const Arrays& a) {
       Array y({3, 2});
       y.each([&](const Ints& i) {
         y(i) = 2 * a[0].v[size_t(i[1])];
         for (int64_t k = 0; k < 4; ++k) y(i) += 3 * a[1]({i[0], k}) * a[2]({k, i[1]});
       });
       return y;
     }, .types = kNumbers, .atol = 64, .same_bits = false},
    {.name = "linear", .shapes = {{2, 3}, {4, 3}, {4}}, .call = [](const Tensors& x) { return linear(x[0], x[1], x[2]); },
     .formula = [](const Arrays& a) {
       Array y({2, 4});
       y.each([&](const Ints& i) {
         y(i) = a[2].v[size_t(i[1])];
         for (int64_t k = 0; k < 3; ++k) y(i) += a[0]({i[0], k}) * a[1]({i[1], k});
       });
       return y;
     }, .types = kNumbers, .atol = 32},
    {.name = "bilinear", .shapes = {{2, 3}, {2, 2}, {4, 3, 2}}, .call = [](const Tensors& x) { return bilinear(x[0], x[1], x[2]); },
     .formula = summed({2, 4}, 6, REEL_TERM(a[0]({i[0], k / 2}) * a[2]({i[1], k / 2, k % 2}) * a[1]({i[0], k % 2}))), .types = kNumbers, .atol = 64},
});

}  // namespace
}  // namespace reel::test

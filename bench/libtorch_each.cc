// The peer's rows of each.cc.
#include <torch/torch.h>

#include "bench/groups.h"
#include "bench/rows.h"

namespace reel::bench {
namespace {

using torch::Tensor;
using Tensors = std::vector<Tensor>;
namespace F = torch::nn::functional;
constexpr int64_t kRows = 4096, kColumns = 1024, kMany = 1000000;
Tensor random(at::IntArrayRef shape) { return torch::rand(shape) * 0.9 + 0.1; }
Tensor y;

void functions() {
  Tensor a = random({kRows, kColumns}), above = a + 1;
  each_row("negative", [&] { y = -a; });
  each_row("abs", [&] { y = a.abs(); });
  each_row("sign", [&] { y = a.sign(); });
  each_row("square", [&] { y = a.square(); });
  each_row("sqrt", [&] { y = a.sqrt(); });
  each_row("rsqrt", [&] { y = a.rsqrt(); });
  each_row("reciprocal", [&] { y = a.reciprocal(); });
  each_row("floor", [&] { y = a.floor(); });
  each_row("round", [&] { y = a.round(); });
  each_row("exp2", [&] { y = a.exp2(); });
  each_row("expm1", [&] { y = a.expm1(); });
  each_row("log", [&] { y = a.log(); });
  each_row("log2", [&] { y = a.log2(); });
  each_row("log10", [&] { y = a.log10(); });
  each_row("log1p", [&] { y = a.log1p(); });
  each_row("sin", [&] { y = a.sin(); });
  each_row("cos", [&] { y = a.cos(); });
  each_row("tan", [&] { y = a.tan(); });
  each_row("arcsin", [&] { y = a.asin(); });
  each_row("arccos", [&] { y = a.acos(); });
  each_row("arctan", [&] { y = a.atan(); });
  each_row("sinh", [&] { y = a.sinh(); });
  each_row("cosh", [&] { y = a.cosh(); });
  each_row("arcsinh", [&] { y = a.asinh(); });
  each_row("arccosh", [&] { y = above.acosh(); });
  each_row("arctanh", [&] { y = a.atanh(); });
  each_row("erf", [&] { y = a.erf(); });
  each_row("erfc", [&] { y = a.erfc(); });
  each_row("erfinv", [&] { y = a.erfinv(); });
  each_row("gammaln", [&] { y = a.lgamma(); });
  each_row("digamma", [&] { y = a.digamma(); });
  each_row("relu", [&] { y = a.relu(); });
  each_row("silu", [&] { y = torch::silu(a); });
  each_row("softplus", [&] { y = F::softplus(a); });
  each_row("log_sigmoid", [&] { y = F::logsigmoid(a); });
  each_row("leaky_relu", [&] { y = torch::leaky_relu(a, 0.2); });
  each_row("elu", [&] { y = torch::elu(a); });
  each_row("hard_sigmoid", [&] { y = torch::hardsigmoid(a); });
  each_row("hard_silu", [&] { y = torch::hardswish(a); });
  each_row("mish", [&] { y = torch::mish(a); });
  each_row("glu", [&] { y = torch::glu(a); });
  Tensor d = a.to(torch::kDouble);
  each_row("exp_f64", [&] { y = d.exp(); });
  each_row("log_f64", [&] { y = d.log(); });
  each_row("sin_f64", [&] { y = d.sin(); });
  each_row("tanh_f64", [&] { y = d.tanh(); });
}

void arithmetic() {
  Tensor a = random({kRows, kColumns}), b = random({kRows, kColumns});
  each_row("add_scalar", [&] { y = a + 1.5; });
  each_row("subtract", [&] { y = a - b; });
  each_row("multiply", [&] { y = a * b; });
  each_row("divide", [&] { y = a / b; });
  each_row("floor_divide", [&] { y = torch::floor_divide(a, b); });
  each_row("remainder", [&] { y = torch::remainder(a, b); });
  each_row("fmod", [&] { y = torch::fmod(a, b); });
  each_row("pow", [&] { y = torch::pow(a, b); });
  each_row("pow_scalar", [&] { y = torch::pow(a, 2.5); });
  each_row("maximum", [&] { y = torch::maximum(a, b); });
  each_row("arctan2", [&] { y = torch::atan2(a, b); });
  each_row("hypot", [&] { y = torch::hypot(a, b); });
  each_row("logaddexp", [&] { y = torch::logaddexp(a, b); });
  each_row("lerp", [&] { y = torch::lerp(a, b, 0.3); });
  each_row("addcmul", [&] { y = torch::addcmul(a, a, b, 0.5); });
  Tensor i = torch::randint(1, 100, {kRows, kColumns}), j = torch::randint(1, 100, {kRows, kColumns}), i4 = i.to(torch::kInt), j4 = j.to(torch::kInt);
  each_row("add_i32", [&] { y = i4 + j4; });
  each_row("multiply_i32", [&] { y = i4 * j4; });
  each_row("floor_divide_i32", [&] { y = torch::floor_divide(i4, j4); });
  each_row("add_i64", [&] { y = i + j; });
  each_row("multiply_i64", [&] { y = i * j; });
  each_row("floor_divide_i64", [&] { y = torch::floor_divide(i, j); });
  each_row("remainder_i64", [&] { y = torch::remainder(i, j); });
  each_row("divide_i64", [&] { y = i / j; });
  each_row("bitwise_and_i64", [&] { y = i & j; });
  each_row("left_shift_i64", [&] { y = torch::bitwise_left_shift(i, j); });
  each_row("less_i64", [&] { y = i < j; });
}

void choices() {
  Tensor a = random({kRows, kColumns}), b = random({kRows, kColumns}), p = a > 0.5, q = b > 0.5, same = a.clone();
  each_row("less", [&] { y = a < b; });
  each_row("equal", [&] { y = a == b; });
  each_row("less_scalar", [&] { y = a < 0.5; });
  each_row("isnan", [&] { y = a.isnan(); });
  each_row("isfinite", [&] { y = a.isfinite(); });
  each_row("isclose", [&] { y = torch::isclose(a, b); });
  each_row("allclose", [&] { torch::allclose(a, a); });
  each_row("array_equal", [&] { torch::equal(a, same); });
  each_row("logical_and", [&] { y = torch::logical_and(p, q); });
  each_row("logical_not", [&] { y = torch::logical_not(p); });
  each_row("where", [&] { y = torch::where(p, a, b); });
  each_row("where_scalar", [&] { y = torch::where(p, a, 0.); });
  each_row("clip", [&] { y = torch::clamp(a, 0.3, 0.6); });
  each_row("nan_to_num", [&] { y = torch::nan_to_num(a); });
  each_row("masked_fill", [&] { y = a.masked_fill(p, 0.); });
  each_row("masked_select", [&] { y = a.masked_select(p); });
  each_row("masked_scatter", [&] { y = a.masked_scatter(p, b); });
  Tensors places;
  each_row("nonzero", [&] { places = p.nonzero_numpy(); });
  each_row("argwhere", [&] { y = p.argwhere(); });
}

// Over the first, the last and all axes.
template <class F> void over(const std::string& name, F&& f) {
  each_row(name + "_0", [&] { y = f(std::vector<int64_t>{0}); });
  each_row(name + "_1", [&] { y = f(std::vector<int64_t>{1}); });
  each_row(name + "_all", [&] { y = f(std::vector<int64_t>{0, 1}); });
}
void reductions() {
  using Axes = std::vector<int64_t>;
  Tensor a = random({kRows, kColumns}), i = torch::randint(0, 100, {kRows, kColumns}), p = torch::zeros({kRows, kColumns}, torch::kBool), q = ~p;
  auto whole = [](const Axes& axes) { return axes.size() == 2; };
  over("sum", [&](const Axes& axes) { return a.sum(axes); });
  over("mean", [&](const Axes& axes) { return a.mean(axes); });
  over("var", [&](const Axes& axes) { return a.var(axes, false); });
  over("std", [&](const Axes& axes) { return a.std(axes, false); });
  over("prod", [&](const Axes& axes) { return whole(axes) ? a.prod() : a.prod(axes[0]); });
  over("min", [&](const Axes& axes) { return a.amin(axes); });
  over("max", [&](const Axes& axes) { return a.amax(axes); });
  over("argmax", [&](const Axes& axes) { return whole(axes) ? a.argmax() : a.argmax(axes[0]); });
  over("any", [&](const Axes& axes) { return whole(axes) ? p.any() : p.any(axes[0]); });
  over("all", [&](const Axes& axes) { return whole(axes) ? q.all() : q.all(axes[0]); });
  over("count_nonzero", [&](const Axes& axes) { return torch::count_nonzero(a, axes); });
  over("norm", [&](const Axes& axes) { return torch::linalg_vector_norm(a, 2, axes); });
  over("norm_p1", [&](const Axes& axes) { return torch::linalg_vector_norm(a, 1, axes); });
  over("norm_p3", [&](const Axes& axes) { return torch::linalg_vector_norm(a, 3, axes); });
  over("logsumexp", [&](const Axes& axes) { return torch::logsumexp(a, axes); });
  over("nansum", [&](const Axes& axes) { return torch::nansum(a, axes); });
  over("sum_i64", [&](const Axes& axes) { return i.sum(axes); });
  over("max_i64", [&](const Axes& axes) { return i.amax(axes); });
  over("sum_bool", [&](const Axes& axes) { return q.sum(axes); });
  each_row("var_mean", [&] { y = std::get<0>(torch::var_mean(a, Axes{1}, false)); });
  each_row("median", [&] { y = torch::quantile(a, 0.5, 1); });
  each_row("quantile", [&] { y = torch::quantile(a, 0.3, 1); });
  each_row("kthvalue", [&] { y = std::get<0>(a.kthvalue(100, 1)); });
  each_row("trace", [&] { y = a.trace(); });
  Tensor c = random({256, 4096});
  each_row("cov", [&] { y = torch::cov(c); });
}

void scans() {
  Tensor a = random({kRows, kColumns}) + 0.4;
  for (int axis : {0, 1}) {
    std::string end = "_" + std::to_string(axis);
    each_row("cumsum" + end, [&] { y = a.cumsum(axis); });
    each_row("cumprod" + end, [&] { y = a.cumprod(axis); });
    each_row("cummax" + end, [&] { y = std::get<0>(a.cummax(axis)); });
    each_row("logcumsumexp" + end, [&] { y = a.logcumsumexp(axis); });
    each_row("diff" + end, [&] { y = a.diff(1, axis); });
  }
  each_row("trapezoid", [&] { y = torch::trapezoid(a); });
}

void order() {
  Tensor a = random({kRows, kColumns}), x = random({kMany}), i = torch::randint(0, 1000, {kMany}), edges = torch::linspace(0, 1, 1000);
  each_row("sort_rows", [&] { y = std::get<0>(a.sort(true, 1)); });
  each_row("sort_columns", [&] { y = std::get<0>(a.sort(true, 0)); });
  each_row("argsort", [&] { y = torch::argsort(x, /*stable=*/true, /*dim=*/-1, /*descending=*/false); });
  each_row("argsort_i64", [&] { y = torch::argsort(i, /*stable=*/true, /*dim=*/-1, /*descending=*/false); });
  each_row("topk_rows", [&] { y = std::get<0>(a.topk(10, 1)); });
  each_row("unique", [&] { y = std::get<0>(torch::_unique2(x)); });
  each_row("unique_i64", [&] { y = std::get<0>(torch::_unique2(i)); });
  each_row("unique_all_i64", [&] { y = std::get<1>(torch::_unique2(i, true, true, true)); });
  each_row("unique_consecutive", [&] { y = std::get<0>(torch::unique_consecutive(i, true, true)); });
  each_row("searchsorted", [&] { y = torch::searchsorted(edges, x); });
  each_row("bincount", [&] { y = i.bincount(); });
  each_row("bincount_weights", [&] { y = i.bincount(x); });
  each_row("histogram", [&] { y = std::get<0>(torch::histogram(x, 100, std::vector<double>{0., 1.})); });
  Tensor test = torch::arange(0, 1000, 7);
  each_row("isin", [&] { y = torch::isin(i, test); });
}

void places() {
  Tensor a = random({kRows, kColumns}), rows = torch::randint(kRows, {kRows}), columns = torch::randint(kColumns, {kColumns});
  Tensor at = torch::randint(kRows, {kRows, kColumns}), along = torch::randint(kColumns, {kRows, kColumns});
  each_row("take_0", [&] { y = a.index_select(0, rows); });
  each_row("take_1", [&] { y = a.index_select(1, columns); });
  each_row("gather_0", [&] { y = a.gather(0, at); });
  each_row("gather_1", [&] { y = a.gather(1, along); });
  each_row("scatter_1", [&] { y = a.scatter(1, along, a); });
  each_row("scatter_add_0", [&] { y = a.scatter_add(0, at, a); });
  each_row("scatter_add_1", [&] { y = a.scatter_add(1, along, a); });
  each_row("scatter_amax_1", [&] { y = a.scatter_reduce(1, along, a, "amax"); });
  each_row("index_add_0", [&] { y = a.index_add(0, rows, a); });
  each_row("index_add_1", [&] { y = a.index_add(1, columns, a); });
  each_row("index_copy_0", [&] { y = a.index_copy(0, rows, a); });
  each_row("index_fill_0", [&] { y = a.index_fill(0, rows, 1.); });
  Tensor places = torch::randint(kMany, {kMany}), x = random({kMany}), table = random({10000, 64}), words = torch::randint(100, {64, 512});
  each_row("index_add_1e6", [&] { y = x.index_add(0, places, x); });
  each_row("index_put", [&] { y = x.index_put({places}, x); });
  each_row("embedding", [&] { y = torch::embedding(table, words); });
  each_row("embedding_bag", [&] { y = F::embedding_bag(words, table); });
  each_row("one_hot", [&] { y = torch::one_hot(words, 100); });
}

void arrangements() {
  Tensor a = random({kRows, kColumns}), b = random({kRows, kColumns}), small = random({kColumns, kColumns}), v = random({2048}), w = random({2048});
  Tensor block = random({64, 64});
  each_row("concat_0", [&] { y = torch::cat({a, b}, 0); });
  each_row("concat_1", [&] { y = torch::cat({a, b}, 1); });
  each_row("stack_0", [&] { y = torch::stack({a, b}, 0); });
  each_row("stack_last", [&] { y = torch::stack({a, b}, -1); });
  each_row("tile", [&] { y = small.repeat({2, 2}); });
  each_row("tile_vector", [&] { y = v.repeat({2048}); });
  each_row("repeat_0", [&] { y = small.repeat_interleave(4, 0); });
  each_row("repeat_1", [&] { y = small.repeat_interleave(4, 1); });
  each_row("kron", [&] { y = torch::kron(block, block.narrow(0, 0, 32)); });
  each_row("outer", [&] { y = torch::outer(v, w); });
  each_row("pad", [&] { y = torch::constant_pad_nd(a, {1, 1, 1, 1}); });
  each_row("pad_reflect", [&] { y = torch::reflection_pad2d(a.view({1, 4, kColumns, kColumns}), {2, 2, 2, 2}); });
  each_row("roll_0", [&] { y = a.roll(3, 0); });
  each_row("roll_1", [&] { y = a.roll(3, 1); });
  each_row("flip_0", [&] { y = a.flip(0); });
  each_row("flip_1", [&] { y = a.flip(1); });
  each_row("rot90", [&] { y = a.rot90(); });
  each_row("permute", [&] { y = a.view({64, 64, 16, 64}).permute({0, 2, 1, 3}).contiguous(); });
  each_row("clone", [&] { y = a.clone(); });
  each_row("tril", [&] { y = small.tril(); });
  each_row("triu", [&] { y = small.triu(); });
  each_row("diag", [&] { y = v.diag(); });
  each_row("meshgrid", [&] { y = torch::meshgrid({v, w}, "ij")[0].contiguous(); });
  each_row("full", [&] { y = torch::full({kRows, kColumns}, 1.5); });
  each_row("arange", [&] { y = torch::arange(0, kMany, torch::kLong); });
  each_row("linspace", [&] { y = torch::linspace(0, 1, kMany); });
  each_row("eye", [&] { y = torch::eye(2048); });
  each_row("tri_indices", [&] { y = torch::tril_indices(1024, 1024); });
}

void casts() {
  using namespace torch;
  Tensor a = bench::random({kRows, kColumns});
  struct Cast {
    const char* name;
    ScalarType from, to;
  };
  for (auto [name, from, to] :
       {Cast{"cast_f32_f64", kFloat, kDouble}, {"cast_f64_f32", kDouble, kFloat}, {"cast_f32_f16", kFloat, kHalf}, {"cast_f16_f32", kHalf, kFloat},
        {"cast_f32_bf16", kFloat, kBFloat16}, {"cast_bf16_f32", kBFloat16, kFloat}, {"cast_f32_i32", kFloat, kInt}, {"cast_f32_i64", kFloat, kLong},
        {"cast_i64_f32", kLong, kFloat}, {"cast_i64_i32", kLong, kInt}, {"cast_f32_u8", kFloat, kByte}, {"cast_u8_f32", kByte, kFloat},
        {"cast_bool_f32", kBool, kFloat}, {"cast_f32_bool", kFloat, kBool}}) {
    Tensor x = (a * 100).to(from);
    each_row(name, [&, to = to] { y = x.to(to); });
  }
}

void draws() {
  Tensor a = random({kRows, kColumns}), weights = random({1024, 100}), rates = torch::full({kMany}, 4.), twos = torch::full({kMany}, 2.);
  each_row("uniform", [&] { y = torch::rand({kRows, kColumns}); });
  each_row("uniform_f64", [&] { y = torch::rand({kRows, kColumns}, torch::kDouble); });
  each_row("normal", [&] { y = torch::randn({kRows, kColumns}); });
  each_row("normal_f64", [&] { y = torch::randn({kRows, kColumns}, torch::kDouble); });
  each_row("randint", [&] { y = torch::randint(0, 100, {kRows, kColumns}); });
  each_row("bernoulli", [&] { y = torch::empty({kRows, kColumns}).bernoulli_(0.3); });
  each_row("exponential", [&] { y = torch::empty({kRows, kColumns}).exponential_(); });
  each_row("dropout", [&] { y = torch::dropout(a, 0.3, true); });
  each_row("permutation", [&] { y = torch::randperm(kMany); });
  each_row("multinomial", [&] { y = weights.multinomial(10, true); });
  each_row("poisson", [&] { y = torch::poisson(rates); });
  each_row("gamma", [&] { y = torch::_standard_gamma(twos); });
}

void networks() {
  Tensor a = random({kRows, kColumns}), b = random({kRows, kColumns}), labels = torch::randint(kColumns, {kRows}), logs = a.log_softmax(1);
  Tensor alike = torch::ones({kRows});
  each_row("softmax_0", [&] { y = a.softmax(0); });
  each_row("softmax_1", [&] { y = a.softmax(1); });
  each_row("log_softmax_0", [&] { y = a.log_softmax(0); });
  each_row("log_softmax_1", [&] { y = a.log_softmax(1); });
  each_row("mse", [&] { y = F::mse_loss(a, b); });
  each_row("l1", [&] { y = F::l1_loss(a, b); });
  each_row("huber", [&] { y = F::huber_loss(a, b); });
  each_row("bce", [&] { y = F::binary_cross_entropy(a, b); });
  each_row("bce_logits", [&] { y = F::binary_cross_entropy_with_logits(a, b); });
  each_row("kl", [&] { y = F::kl_div(logs, b, F::KLDivFuncOptions().reduction(torch::kBatchMean)); });
  each_row("nll", [&] { y = F::nll_loss(logs, labels); });
  each_row("cross_entropy", [&] { y = F::cross_entropy(a, labels); });
  each_row("cosine_embedding", [&] { y = F::cosine_embedding_loss(a, b, alike); });
  each_row("triplet_margin", [&] { y = F::triplet_margin_loss(a, b, logs); });
  Tensor image = random({16, 64, 32, 32}), grid = torch::rand({16, 32, 32, 2}) * 2 - 1, gamma = random({64}), beta = random({64}), wide = random({kColumns});
  each_row("group_norm", [&] { y = torch::group_norm(image, 8, gamma, beta, 1e-3); });
  each_row("instance_norm", [&] { y = torch::instance_norm(image, gamma, beta, {}, {}, true, 0.1, 1e-3, false); });
  each_row("rms_norm", [&] { y = torch::rms_norm(a, {kColumns}, wide, 1e-6); });
  each_row("unit_norm", [&] { y = F::normalize(a); });
  each_row("local_response_norm", [&] { y = F::local_response_norm(image, F::LocalResponseNormFuncOptions(5)); });
  each_row("max_pool2d", [&] { y = torch::max_pool2d(image, 2); });
  each_row("average_pool2d", [&] { y = torch::avg_pool2d(image, 2); });
  each_row("adaptive_average_pool", [&] { y = torch::adaptive_avg_pool2d(image, {7, 7}); });
  each_row("resize_nearest", [&] { y = torch::upsample_nearest2d(image, {64, 64}); });
  each_row("resize_linear", [&] { y = torch::upsample_bilinear2d(image, {64, 64}, false); });
  each_row("resize_cubic", [&] { y = torch::upsample_bicubic2d(image, {64, 64}, false); });
  each_row("pixel_shuffle", [&] { y = torch::pixel_shuffle(image, 2); });
  each_row("grid_sample", [&] { y = torch::grid_sampler(image, grid, 0, 0, false); });
  each_row("unfold", [&] { y = torch::im2col(image, {3, 3}, {1, 1}, {0, 0}, {1, 1}); });
  Tensor sound = random({16, 64, 1024}), narrow = random({64, 64, 3}), volume = random({2, 16, 16, 32, 32}), cube = random({16, 16, 3, 3, 3});
  each_row("conv1d", [&] { y = torch::conv1d(sound, narrow); });
  each_row("conv3d", [&] { y = torch::conv3d(volume, cube); });
}

void algebra() {
  Tensor x = random({256, 256}), spd = x.mm(x.t()) + 10 * torch::eye(256), b = random({256, 16}), low = torch::linalg_cholesky(spd);
  each_row("inv", [&] { y = torch::linalg_inv(spd); });
  each_row("solve", [&] { y = torch::linalg_solve(spd, b); });
  each_row("solve_triangular", [&] { y = torch::linalg_solve_triangular(low, b, false); });
  each_row("cholesky", [&] { y = torch::linalg_cholesky(spd); });
  each_row("qr", [&] { y = std::get<0>(torch::linalg_qr(x)); });
  each_row("svd", [&] { y = std::get<0>(torch::linalg_svd(x)); });
  each_row("eigh", [&] { y = std::get<1>(torch::linalg_eigh(spd)); });
  each_row("det", [&] { y = torch::linalg_det(x); });
  each_row("lu", [&] { y = std::get<0>(torch::linalg_lu_factor(x)); });
  each_row("lstsq", [&] { y = std::get<0>(torch::linalg_lstsq(x, b, std::nullopt, "gelsd")); });
  each_row("matrix_exp", [&] { y = torch::linalg_matrix_exp(x * 0.01); });
  Tensor d = torch::rand({512, 512}, torch::kDouble), v = random({kColumns}), a = random({kRows, kColumns}), batch = random({64, 128, 128});
  Tensor queries = random({8, 64, 8, 64}), points = random({kMany, 3}), ends = random({kMany, 3});
  each_row("matmul_f64", [&] { y = d.mm(d); });
  each_row("mv", [&] { y = a.mv(v); });
  each_row("dot", [&] { y = torch::dot(a.view(-1), a.view(-1)); });
  each_row("bmm", [&] { y = torch::bmm(batch, batch); });
  each_row("einsum_heads", [&] { y = torch::einsum("bqhd,bkhd->bhqk", {queries, queries}); });
  each_row("einsum_rows", [&] { y = torch::einsum("ij,ij->i", {a, a}); });
  each_row("einsum_outer", [&] { y = torch::einsum("i,j->ij", {v, v}); });
  each_row("tensordot", [&] { y = torch::tensordot(batch, batch, {0, 1}, {0, 1}); });
  each_row("cross", [&] { y = torch::linalg_cross(points, ends); });
}

}  // namespace

void each_rows() {
  if (!each_asked()) return;
  torch::NoGradGuard no_grad;
  functions();
  arithmetic();
  choices();
  reductions();
  scans();
  order();
  places();
  arrangements();
  casts();
  draws();
  networks();
  algebra();
}

}  // namespace reel::bench

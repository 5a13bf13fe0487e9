// An op a row, in microseconds: a survey of what has no row elsewhere, a line each. 4096 x 1024 numbers unless the op wants another size.
#include "bench/groups.h"
#include "bench/rows.h"
#include "reel.h"

namespace reel::bench {
namespace {

constexpr int64_t kRows = 4096, kColumns = 1024, kMany = 1000000;
Tensor random(const Shape& shape) { return uniform(shape, 0.1, 1); }
Tensor y;

void functions() {
  Tensor a = random({kRows, kColumns}), above = a + 1;
  each_row("negative", [&] { y = -a; });
  each_row("abs", [&] { y = abs(a); });
  each_row("sign", [&] { y = sign(a); });
  each_row("square", [&] { y = square(a); });
  each_row("sqrt", [&] { y = sqrt(a); });
  each_row("rsqrt", [&] { y = rsqrt(a); });
  each_row("reciprocal", [&] { y = reciprocal(a); });
  each_row("floor", [&] { y = floor(a); });
  each_row("round", [&] { y = round(a); });
  each_row("exp2", [&] { y = exp2(a); });
  each_row("expm1", [&] { y = expm1(a); });
  each_row("log", [&] { y = log(a); });
  each_row("log2", [&] { y = log2(a); });
  each_row("log10", [&] { y = log10(a); });
  each_row("log1p", [&] { y = log1p(a); });
  each_row("sin", [&] { y = sin(a); });
  each_row("cos", [&] { y = cos(a); });
  each_row("tan", [&] { y = tan(a); });
  each_row("arcsin", [&] { y = arcsin(a); });
  each_row("arccos", [&] { y = arccos(a); });
  each_row("arctan", [&] { y = arctan(a); });
  each_row("sinh", [&] { y = sinh(a); });
  each_row("cosh", [&] { y = cosh(a); });
  each_row("arcsinh", [&] { y = arcsinh(a); });
  each_row("arccosh", [&] { y = arccosh(above); });
  each_row("arctanh", [&] { y = arctanh(a); });
  each_row("erf", [&] { y = erf(a); });
  each_row("erfc", [&] { y = erfc(a); });
  each_row("erfinv", [&] { y = erfinv(a); });
  each_row("gammaln", [&] { y = gammaln(a); });
  each_row("digamma", [&] { y = digamma(a); });
  each_row("relu", [&] { y = relu(a); });
  each_row("silu", [&] { y = silu(a); });
  each_row("softplus", [&] { y = softplus(a); });
  each_row("log_sigmoid", [&] { y = log_sigmoid(a); });
  each_row("leaky_relu", [&] { y = leaky_relu(a); });
  each_row("elu", [&] { y = elu(a); });
  each_row("hard_sigmoid", [&] { y = hard_sigmoid(a); });
  each_row("hard_silu", [&] { y = hard_silu(a); });
  each_row("mish", [&] { y = mish(a); });
  each_row("glu", [&] { y = glu(a); });
  Tensor d = cast(a, float64);
  each_row("exp_f64", [&] { y = exp(d); });
  each_row("log_f64", [&] { y = log(d); });
  each_row("sin_f64", [&] { y = sin(d); });
  each_row("tanh_f64", [&] { y = tanh(d); });
}

void arithmetic() {
  Tensor a = random({kRows, kColumns}), b = random({kRows, kColumns});
  each_row("add_scalar", [&] { y = a + 1.5; });
  each_row("subtract", [&] { y = a - b; });
  each_row("multiply", [&] { y = a * b; });
  each_row("divide", [&] { y = a / b; });
  each_row("floor_divide", [&] { y = floor_divide(a, b); });
  each_row("remainder", [&] { y = remainder(a, b); });
  each_row("fmod", [&] { y = fmod(a, b); });
  each_row("pow", [&] { y = pow(a, b); });
  each_row("pow_scalar", [&] { y = pow(a, 2.5); });
  each_row("maximum", [&] { y = maximum(a, b); });
  each_row("arctan2", [&] { y = arctan2(a, b); });
  each_row("hypot", [&] { y = hypot(a, b); });
  each_row("logaddexp", [&] { y = logaddexp(a, b); });
  each_row("lerp", [&] { y = lerp(a, b, 0.3); });
  each_row("addcmul", [&] { y = addcmul(a, a, b, 0.5); });
  Tensor i = randint({kRows, kColumns}, 1, 100), j = randint({kRows, kColumns}, 1, 100), i4 = cast(i, int32), j4 = cast(j, int32);
  each_row("add_i32", [&] { y = i4 + j4; });
  each_row("multiply_i32", [&] { y = i4 * j4; });
  each_row("floor_divide_i32", [&] { y = floor_divide(i4, j4); });
  each_row("add_i64", [&] { y = i + j; });
  each_row("multiply_i64", [&] { y = i * j; });
  each_row("floor_divide_i64", [&] { y = floor_divide(i, j); });
  each_row("remainder_i64", [&] { y = remainder(i, j); });
  each_row("divide_i64", [&] { y = i / j; });
  each_row("bitwise_and_i64", [&] { y = bitwise_and(i, j); });
  each_row("left_shift_i64", [&] { y = left_shift(i, j); });
  each_row("less_i64", [&] { y = i < j; });
}

void choices() {
  Tensor a = random({kRows, kColumns}), b = random({kRows, kColumns}), p = a > 0.5, q = b > 0.5, same = clone(a);
  each_row("less", [&] { y = a < b; });
  each_row("equal", [&] { y = equal(a, b); });
  each_row("less_scalar", [&] { y = a < 0.5; });
  each_row("isnan", [&] { y = isnan(a); });
  each_row("isfinite", [&] { y = isfinite(a); });
  each_row("isclose", [&] { y = isclose(a, b); });
  each_row("allclose", [&] { allclose(a, a); });
  each_row("array_equal", [&] { array_equal(a, same); });
  each_row("logical_and", [&] { y = logical_and(p, q); });
  each_row("logical_not", [&] { y = logical_not(p); });
  each_row("where", [&] { y = where(p, a, b); });
  each_row("where_scalar", [&] { y = where(p, a, 0.); });
  each_row("clip", [&] { y = clip(a, 0.3, 0.6); });
  each_row("nan_to_num", [&] { y = nan_to_num(a); });
  each_row("masked_fill", [&] { y = masked_fill(a, p, 0.); });
  each_row("masked_select", [&] { y = masked_select(a, p); });
  each_row("masked_scatter", [&] { y = masked_scatter(a, p, b); });
  Tensors places;
  each_row("nonzero", [&] { places = nonzero(p); });
  each_row("argwhere", [&] { y = argwhere(p); });
}

// Over the first, the last and all axes.
template <class F> void over(const std::string& name, F&& f) {
  each_row(name + "_0", [&] { y = f(Axes(0)); });
  each_row(name + "_1", [&] { y = f(Axes(1)); });
  each_row(name + "_all", [&] { y = f(Axes()); });
}
void reductions() {
  Tensor a = random({kRows, kColumns}), i = randint({kRows, kColumns}, 0, 100), p = zeros({kRows, kColumns}, boolean), q = logical_not(p);
  over("sum", [&](Axes axes) { return sum(a, axes); });
  over("mean", [&](Axes axes) { return mean(a, axes); });
  over("var", [&](Axes axes) { return var(a, axes); });
  over("std", [&](Axes axes) { return reel::std(a, axes); });
  over("prod", [&](Axes axes) { return prod(a, axes); });
  over("min", [&](Axes axes) { return min(a, axes); });
  over("max", [&](Axes axes) { return max(a, axes); });
  over("argmax", [&](Axes axes) { return axes.count ? argmax(a, axes.at[0]) : argmax(a); });
  over("any", [&](Axes axes) { return any(p, axes); });
  over("all", [&](Axes axes) { return all(q, axes); });
  over("count_nonzero", [&](Axes axes) { return count_nonzero(a, axes); });
  over("norm", [&](Axes axes) { return norm(a, 2, axes); });
  over("norm_p1", [&](Axes axes) { return norm(a, 1, axes); });
  over("norm_p3", [&](Axes axes) { return norm(a, 3, axes); });
  over("logsumexp", [&](Axes axes) { return logsumexp(a, axes); });
  over("nansum", [&](Axes axes) { return nansum(a, axes); });
  over("sum_i64", [&](Axes axes) { return sum(i, axes); });
  over("max_i64", [&](Axes axes) { return max(i, axes); });
  over("sum_bool", [&](Axes axes) { return sum(q, axes); });
  each_row("var_mean", [&] { y = var_mean(a, 1).first; });
  each_row("median", [&] { y = median(a, 1); });
  each_row("quantile", [&] { y = quantile(a, 0.3, 1); });
  each_row("kthvalue", [&] { y = kthvalue(a, 100, 1).values; });
  each_row("trace", [&] { y = trace(a); });
  Tensor c = random({256, 4096});
  each_row("cov", [&] { y = cov(c); });
}

void scans() {
  Tensor a = random({kRows, kColumns}) + 0.4;
  for (int axis : {0, 1}) {
    std::string end = "_" + std::to_string(axis);
    each_row("cumsum" + end, [&] { y = cumsum(a, axis); });
    each_row("cumprod" + end, [&] { y = cumprod(a, axis); });
    each_row("cummax" + end, [&] { y = cummax(a, axis).values; });
    each_row("logcumsumexp" + end, [&] { y = logcumsumexp(a, axis); });
    each_row("diff" + end, [&] { y = diff(a, 1, axis); });
  }
  each_row("trapezoid", [&] { y = trapezoid(a); });
}

void order() {
  Tensor a = random({kRows, kColumns}), x = random({kMany}), i = randint({kMany}, 0, 1000), edges = linspace(0, 1, 1000), some = arange(0, 1000, 7);
  each_row("sort_rows", [&] { y = sort_with_indices(a, 1).values; });
  each_row("sort_columns", [&] { y = sort_with_indices(a, 0).values; });
  each_row("argsort", [&] { y = argsort(x); });
  each_row("argsort_i64", [&] { y = argsort(i); });
  each_row("topk_rows", [&] { y = topk(a, 10, 1).values; });
  each_row("unique", [&] { y = unique(x); });
  each_row("unique_i64", [&] { y = unique(i); });
  each_row("unique_all_i64", [&] { y = unique_all(i).inverse; });
  each_row("unique_consecutive", [&] { y = unique_consecutive(i).values; });
  each_row("searchsorted", [&] { y = searchsorted(edges, x); });
  each_row("bincount", [&] { y = bincount(i); });
  each_row("bincount_weights", [&] { y = bincount(i, x); });
  each_row("histogram", [&] { y = histogram(x, 100, std::pair(0., 1.)).counts; });
  each_row("isin", [&] { y = isin(i, some); });
}

void places() {
  Tensor a = random({kRows, kColumns}), rows = randint({kRows}, 0, kRows), columns = randint({kColumns}, 0, kColumns);
  Tensor at = randint({kRows, kColumns}, 0, kRows), along = randint({kRows, kColumns}, 0, kColumns);
  each_row("take_0", [&] { y = take(a, rows, 0); });
  each_row("take_1", [&] { y = take(a, columns, 1); });
  each_row("gather_0", [&] { y = gather(a, 0, at); });
  each_row("gather_1", [&] { y = gather(a, 1, along); });
  each_row("scatter_1", [&] { y = scatter(a, 1, along, a); });
  each_row("scatter_add_0", [&] { y = scatter_reduce(a, 0, at, a, "sum"); });
  each_row("scatter_add_1", [&] { y = scatter_reduce(a, 1, along, a, "sum"); });
  each_row("scatter_amax_1", [&] { y = scatter_reduce(a, 1, along, a, "amax"); });
  each_row("index_add_0", [&] { y = index_add(a, rows, a, 0); });
  each_row("index_add_1", [&] { y = index_add(a, columns, a, 1); });
  each_row("index_copy_0", [&] { y = index_copy(a, rows, a, 0); });
  each_row("index_fill_0", [&] { y = index_fill(a, rows, 1., 0); });
  Tensor places = randint({kMany}, 0, kMany), x = random({kMany}), table = random({10000, 64}), words = randint({64, 512}, 0, 100);
  each_row("index_add_1e6", [&] { y = index_add(x, places, x); });
  each_row("index_put", [&] { y = index_put(x, {places}, x); });
  each_row("embedding", [&] { y = embedding(table, words); });
  each_row("embedding_bag", [&] { y = embedding_bag(table, words); });
  each_row("one_hot", [&] { y = one_hot(words, 100, int64); });
}

void arrangements() {
  Tensor a = random({kRows, kColumns}), b = random({kRows, kColumns}), small = random({kColumns, kColumns}), v = random({2048}), w = random({2048});
  Tensor block = random({64, 64});
  each_row("concat_0", [&] { y = concat({a, b}, 0); });
  each_row("concat_1", [&] { y = concat({a, b}, 1); });
  each_row("stack_0", [&] { y = stack({a, b}, 0); });
  each_row("stack_last", [&] { y = stack({a, b}, -1); });
  each_row("tile", [&] { y = tile(small, {2, 2}); });
  each_row("tile_vector", [&] { y = tile(v, {2048}); });
  each_row("repeat_0", [&] { y = repeat(small, 4, 0); });
  each_row("repeat_1", [&] { y = repeat(small, 4, 1); });
  each_row("kron", [&] { y = kron(block, slice_axis(block, 0, 0, 32)); });
  each_row("outer", [&] { y = outer(v, w); });
  each_row("pad", [&] { y = pad(a, {{1, 1}, {1, 1}}); });
  each_row("pad_reflect", [&] { y = pad(reshape(a, {1, 4, kColumns, kColumns}), {{0, 0}, {0, 0}, {2, 2}, {2, 2}}, "reflect"); });
  each_row("roll_0", [&] { y = roll(a, 3, 0); });
  each_row("roll_1", [&] { y = roll(a, 3, 1); });
  each_row("flip_0", [&] { y = contiguous(flip(a, 0)); });
  each_row("flip_1", [&] { y = contiguous(flip(a, 1)); });
  each_row("rot90", [&] { y = contiguous(rot90(a)); });
  each_row("permute", [&] { y = contiguous(transpose(reshape(a, {64, 64, 16, 64}), {0, 2, 1, 3})); });
  each_row("clone", [&] { y = clone(a); });
  each_row("tril", [&] { y = tril(small); });
  each_row("triu", [&] { y = triu(small); });
  each_row("diag", [&] { y = diag(v); });
  each_row("meshgrid", [&] { y = contiguous(meshgrid({v, w}, "ij")[0]); });
  each_row("full", [&] { y = full({kRows, kColumns}, 1.5); });
  each_row("arange", [&] { y = arange(0, kMany); });
  each_row("linspace", [&] { y = linspace(0, 1, kMany); });
  each_row("eye", [&] { y = eye(2048); });
  each_row("tri_indices", [&] { y = tril_indices(1024)[0]; });
}

void casts() {
  Tensor a = random({kRows, kColumns});
  struct Cast {
    const char* name;
    DType from, to;
  };
  for (auto [name, from, to] :
       {Cast{"cast_f32_f64", float32, float64}, {"cast_f64_f32", float64, float32}, {"cast_f32_f16", float32, float16}, {"cast_f16_f32", float16, float32},
        {"cast_f32_bf16", float32, bfloat16}, {"cast_bf16_f32", bfloat16, float32}, {"cast_f32_i32", float32, int32}, {"cast_f32_i64", float32, int64},
        {"cast_i64_f32", int64, float32}, {"cast_i64_i32", int64, int32}, {"cast_f32_u8", float32, uint8}, {"cast_u8_f32", uint8, float32},
        {"cast_bool_f32", boolean, float32}, {"cast_f32_bool", float32, boolean}}) {
    Tensor x = cast(a * 100, from);
    each_row(name, [&, to = to] { y = cast(x, to); });
  }
}

void draws() {
  Shape shape{kRows, kColumns};
  Tensor a = random(shape), weights = random({1024, 100});
  each_row("uniform", [&] { y = uniform(shape, 0, 1); });
  each_row("uniform_f64", [&] { y = uniform(shape, 0, 1, float64); });
  each_row("normal", [&] { y = normal(shape); });
  each_row("normal_f64", [&] { y = normal(shape, 0, 1, float64); });
  each_row("randint", [&] { y = randint(shape, 0, 100); });
  each_row("bernoulli", [&] { y = bernoulli(shape, 0.3); });
  each_row("exponential", [&] { y = exponential(shape); });
  each_row("dropout", [&] { y = dropout(a, 0.3); });
  each_row("permutation", [&] { y = permutation(kMany); });
  each_row("multinomial", [&] { y = multinomial(weights, 10, true); });
  // PyTorch has these of tensors of rates alone.
  each_row("poisson", [&] { y = poisson({kMany}, 4., float32); });
  each_row("gamma", [&] { y = gamma({kMany}, 2.); });
}

void networks() {
  Tensor a = random({kRows, kColumns}), b = random({kRows, kColumns}), labels = randint({kRows}, 0, kColumns), logs = log_softmax(a), alike = ones({kRows});
  each_row("softmax_0", [&] { y = softmax(a, 0); });
  each_row("softmax_1", [&] { y = softmax(a, 1); });
  each_row("log_softmax_0", [&] { y = log_softmax(a, 0); });
  each_row("log_softmax_1", [&] { y = log_softmax(a, 1); });
  each_row("mse", [&] { y = mean(squared_error(a, b)); });
  each_row("l1", [&] { y = mean(absolute_error(a, b)); });
  each_row("huber", [&] { y = mean(huber_loss(a, b)); });
  each_row("bce", [&] { y = mean(binary_cross_entropy(a, b)); });
  each_row("bce_logits", [&] { y = mean(sigmoid_cross_entropy(a, b)); });
  each_row("kl", [&] { y = sum(kl_divergence(logs, b)) / double(kRows); });
  each_row("nll", [&] { y = nll_loss(logs, labels); });
  each_row("cross_entropy", [&] { y = cross_entropy(a, labels); });
  each_row("cosine_embedding", [&] { y = mean(cosine_embedding_loss(a, b, alike)); });
  each_row("triplet_margin", [&] { y = mean(triplet_margin_loss(a, b, logs)); });
  Tensor image = random({16, 32, 32, 64}), grid = uniform({16, 32, 32, 2}, -1, 1), gamma = random({64}), beta = random({64}), wide = random({kColumns});
  each_row("group_norm", [&] { y = group_norm(image, 8, gamma, beta); });
  each_row("instance_norm", [&] { y = instance_norm(image, gamma, beta); });
  each_row("rms_norm", [&] { y = rms_norm(a, wide); });
  each_row("unit_norm", [&] { y = unit_norm(a); });
  each_row("local_response_norm", [&] { y = local_response_norm(image, 5); });
  each_row("max_pool2d", [&] { y = max_pool2d(image, 2); });
  each_row("average_pool2d", [&] { y = average_pool2d(image, 2); });
  each_row("adaptive_average_pool", [&] { y = adaptive_average_pool(image, {7, 7}); });
  each_row("resize_nearest", [&] { y = interpolate(image, {64, 64}); });
  each_row("resize_linear", [&] { y = interpolate(image, {64, 64}, {.mode = "linear"}); });
  each_row("resize_cubic", [&] { y = interpolate(image, {64, 64}, {.mode = "cubic"}); });
  each_row("pixel_shuffle", [&] { y = pixel_shuffle(image, 2); });
  each_row("grid_sample", [&] { y = grid_sample(image, grid); });
  each_row("unfold", [&] { y = unfold(image, 3); });
  Tensor sound = random({16, 1024, 64}), narrow = random({3, 64, 64}), volume = random({2, 16, 32, 32, 16}), cube = random({3, 3, 3, 16, 16});
  each_row("conv1d", [&] { y = conv1d(sound, narrow); });
  each_row("conv3d", [&] { y = conv3d(volume, cube); });
}

void algebra() {
  Tensor x = random({256, 256}), spd = matmul(x, transpose(x)) + 10 * eye(256), b = random({256, 16}), low = linalg::cholesky(spd);
  each_row("inv", [&] { y = linalg::inv(spd); });
  each_row("solve", [&] { y = linalg::solve(spd, b); });
  each_row("solve_triangular", [&] { y = linalg::solve_triangular(low, b, true); });
  each_row("cholesky", [&] { y = linalg::cholesky(spd); });
  each_row("qr", [&] { y = linalg::qr(x).q; });
  each_row("svd", [&] { y = linalg::svd(x).u; });
  each_row("eigh", [&] { y = linalg::eigh(spd).eigenvectors; });
  each_row("det", [&] { y = linalg::det(x); });
  each_row("lu", [&] { y = linalg::lu_factor(x).lu; });
  each_row("lstsq", [&] { y = linalg::lstsq(x, b).x; });
  each_row("matrix_exp", [&] { y = linalg::matrix_exp(x * 0.01); });
  Tensor d = uniform({512, 512}, 0, 1, float64), v = random({kColumns}), a = random({kRows, kColumns}), batch = random({64, 128, 128});
  Tensor queries = random({8, 64, 8, 64}), points = random({kMany, 3}), ends = random({kMany, 3});
  each_row("matmul_f64", [&] { y = matmul(d, d); });
  each_row("mv", [&] { y = mv(a, v); });
  each_row("dot", [&] { y = dot(reshape(a, {-1}), reshape(a, {-1})); });
  each_row("bmm", [&] { y = bmm(batch, batch); });
  each_row("einsum_heads", [&] { y = einsum("bqhd,bkhd->bhqk", {queries, queries}); });
  each_row("einsum_rows", [&] { y = einsum("ij,ij->i", {a, a}); });
  each_row("einsum_outer", [&] { y = einsum("i,j->ij", {v, v}); });
  each_row("tensordot", [&] { y = tensordot(batch, batch, {0, 1}, {0, 1}); });
  each_row("cross", [&] { y = cross(points, ends); });
}

}  // namespace

void each_rows() {
  if (!each_asked()) return;
  NoGrad no_grad;
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

#include "nn/resampling.h"

#include "nn/building.h"
#include "tensor/ops/pool_nd.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/resize.h"
#include "tensor/ops/view.h"

namespace reel::nn {
namespace {

template <int N> constexpr const char* kNeeds = N == 1   ? "sequences [n, steps, channels]"
                                                : N == 2 ? "images [n, height, width, channels]"
                                                         : "volumes [n, depth, height, width, channels]";
template <int N> SharedRecord numbered(const char* type, const std::string& name) {
  return new_record((std::string(type) + std::to_string(N) + "D").c_str(), name);
}
template <int N> void check_margins(const LayerRecord& r, const Margins<N>& m) {
  for (auto [before, after] : m.at)
    if (before < 0 || after < 0) throw Error(r.type + ": takes no negative numbers, got " + std::to_string(std::min(before, after)));
}

}  // namespace

template <int N, bool Largest> WindowPooling<N, Largest>::WindowPooling(Sizes<N> pool_size, WindowPoolingOptions<N> options)
    : record_(numbered<N>(Largest ? "MaxPooling" : "AveragePooling", options.name)), size_(pool_size), options_(std::move(options)) {
  for (int64_t n : size_.at) at_least_one(record_->type.c_str(), "pool_size", n);
}
template <int N, bool Largest> Tensor WindowPooling<N, Largest>::operator()(const Tensor& given, Where where) const {
  return call_layer(*this, {given}, [&] {
    check_rank(*record_, given, N + 2, kNeeds<N>, where);
    Tensor x = as_float(*record_, given, where);
    if constexpr (N == 1) {
      Pool1dOptions o{.strides = options_.strides.at[0], .padding = options_.padding};
      return Largest ? max_pool1d(x, size_.at[0], o, where) : average_pool1d(x, size_.at[0], o, where);
    } else {
      const auto& s = options_.strides.at;
      AxisPadding p(options_.padding);
      Pool3dOptions o{.strides = {s[0], s[1], s[2]}, .padding = {p, p, p}};
      Extents size{size_.at[0], size_.at[1], size_.at[2]};
      return Largest ? max_pool3d(x, size, o, where) : average_pool3d(x, size, o, where);
    }
  });
}
template class WindowPooling<1, true>;
template class WindowPooling<1, false>;
template class WindowPooling<3, true>;
template class WindowPooling<3, false>;

template <int N, bool Largest> GlobalPooling<N, Largest>::GlobalPooling(GlobalPoolingOptions options)
    : record_(numbered<N>(Largest ? "GlobalMaxPooling" : "GlobalAveragePooling", options.name)), keepdims_(options.keepdims) {}
template <int N, bool Largest> Tensor GlobalPooling<N, Largest>::operator()(const Tensor& x, Where where) const {
  return call_layer(*this, {x}, [&] {
    check_rank(*record_, x, N + 2, kNeeds<N>, where);
    Axes between = N == 1 ? Axes{1} : N == 2 ? Axes{1, 2} : Axes{1, 2, 3};
    return Largest ? max(x, between, keepdims_, where) : mean(x, between, keepdims_, where);
  });
}
template class GlobalPooling<1, true>;
template class GlobalPooling<2, true>;
template class GlobalPooling<3, true>;
template class GlobalPooling<1, false>;
template class GlobalPooling<2, false>;
template class GlobalPooling<3, false>;

template <int N> UpSampling<N>::UpSampling(Sizes<N> size, UpSamplingOptions options)
    : record_(numbered<N>("UpSampling", options.name)), size_(size), mode_(options.interpolation) {
  for (int64_t n : size_.at) at_least_one(record_->type.c_str(), "size", n);
  if (N != 2 && mode_ != "nearest") unknown_name("interpolation", mode_, {"nearest"});
  if (mode_ != "nearest" && mode_ != "bilinear" && mode_ != "bicubic") unknown_name("interpolation", mode_, {"nearest", "bilinear", "bicubic"});
}
template <int N> Tensor UpSampling<N>::operator()(const Tensor& x, Where where) const {
  return call_layer(*this, {x}, [&] {
    check_rank(*record_, x, N + 2, kNeeds<N>, where);
    int64_t sizes[N];
    for (int i = 0; i < N; ++i) sizes[i] = x.shape()[i + 1] * size_.at[i];
    std::string mode = mode_ == "bilinear" ? "linear" : mode_ == "bicubic" ? "cubic" : "nearest";
    // Keras's bicubic, which is TensorFlow's and JAX's.
    return interpolate(as_float(*record_, x, where), std::span<const int64_t>(sizes, size_t(N)), {.mode = mode, .exclude_outside = true, .cubic_a = -0.5}, where);
  });
}
template class UpSampling<1>;
template class UpSampling<2>;
template class UpSampling<3>;

template <int N> ZeroPadding<N>::ZeroPadding(Margins<N> padding, NameOptions options)
    : record_(numbered<N>("ZeroPadding", options.name)), padding_(padding) {
  check_margins(*record_, padding_);
}
template <int N> Tensor ZeroPadding<N>::operator()(const Tensor& x, Where where) const {
  return call_layer(*this, {x}, [&] {
    check_rank(*record_, x, N + 2, kNeeds<N>, where);
    std::pair<int64_t, int64_t> around[N + 2] = {};
    for (int i = 0; i < N; ++i) around[i + 1] = padding_.at[size_t(i)];
    return pad(x, std::span<const std::pair<int64_t, int64_t>>(around, size_t(N + 2)), 0, where);
  });
}
template class ZeroPadding<1>;
template class ZeroPadding<2>;
template class ZeroPadding<3>;

template <int N> Cropping<N>::Cropping(Margins<N> cropping, NameOptions options)
    : record_(numbered<N>("Cropping", options.name)), cropping_(cropping) {
  check_margins(*record_, cropping_);
}
template <int N> Tensor Cropping<N>::operator()(const Tensor& x, Where where) const {
  return call_layer(*this, {x}, [&] {
    check_rank(*record_, x, N + 2, kNeeds<N>, where);
    Tensor y = x;
    for (int i = 0; i < N; ++i) {
      auto [before, after] = cropping_.at[size_t(i)];
      int64_t left = x.shape()[i + 1] - before - after;
      if (left < 1)
        fail_at(ShapeError(record_->type + ": nothing is left of the " + std::to_string(x.shape()[i + 1]) + " cells of axis " + std::to_string(i + 1) + "\n  x  " + describe(x)), where);
      y = slice_axis(y, i + 1, before, left, where);
    }
    return y;
  });
}
template class Cropping<1>;
template class Cropping<2>;
template class Cropping<3>;

}  // namespace reel::nn

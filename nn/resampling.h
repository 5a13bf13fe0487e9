#pragma once
// Layers without weights that change the extent of images and sequences: pooling, repetition, padding and cropping. Keras 3's defaults.
#include <array>

#include "nn/convolution.h"

namespace reel::nn {

template <int N> struct WindowPoolingOptions {
  Sizes<N> strides = 0;  // 0: the pool size
  std::string padding = "valid";
  std::string name = "";
};
// The largest, or the mean, of each window of sequences (N = 1) or volumes (N = 3).
template <int N, bool Largest> class WindowPooling {
 public:
  explicit WindowPooling(Sizes<N> pool_size = 2, WindowPoolingOptions<N> options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }

 private:
  SharedRecord record_;
  Sizes<N> size_;
  WindowPoolingOptions<N> options_;
};
using MaxPooling1D = WindowPooling<1, true>;
using MaxPooling3D = WindowPooling<3, true>;
using AveragePooling1D = WindowPooling<1, false>;
using AveragePooling3D = WindowPooling<3, false>;

struct GlobalPoolingOptions {
  bool keepdims = false;
  std::string name = "";
};
// The largest, or the mean, over all axes between batch and channels.
template <int N, bool Largest> class GlobalPooling {
 public:
  GlobalPooling(GlobalPoolingOptions options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }

 private:
  SharedRecord record_;
  bool keepdims_;
};
using GlobalMaxPooling1D = GlobalPooling<1, true>;
using GlobalMaxPooling2D = GlobalPooling<2, true>;
using GlobalMaxPooling3D = GlobalPooling<3, true>;
using GlobalAveragePooling1D = GlobalPooling<1, false>;
using GlobalAveragePooling2D = GlobalPooling<2, false>;
using GlobalAveragePooling3D = GlobalPooling<3, false>;

struct UpSamplingOptions {
  std::string interpolation = "nearest";  // of images also "bilinear" and "bicubic"
  std::string name = "";
};
// Every cell `size` times.
template <int N> class UpSampling {
 public:
  explicit UpSampling(Sizes<N> size = 2, UpSamplingOptions options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }

 private:
  SharedRecord record_;
  Sizes<N> size_;
  std::string mode_;
};
using UpSampling1D = UpSampling<1>;
using UpSampling2D = UpSampling<2>;
using UpSampling3D = UpSampling<3>;

// What is added or cut at both ends of each axis: one number for all, one an axis, or {before, after} an axis.
template <int N> struct Margins {
  std::array<std::pair<int64_t, int64_t>, N> at;
  Margins(int64_t all) { at.fill({all, all}); }
  Margins(int all) : Margins(int64_t(all)) {}
  Margins(std::array<std::pair<int64_t, int64_t>, N> each) : at(each) {}
};
// Zeros around.
template <int N> class ZeroPadding {
 public:
  explicit ZeroPadding(Margins<N> padding = 1, NameOptions options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }

 private:
  SharedRecord record_;
  Margins<N> padding_;
};
using ZeroPadding1D = ZeroPadding<1>;
using ZeroPadding2D = ZeroPadding<2>;
using ZeroPadding3D = ZeroPadding<3>;
// Cells cut off; something must be left. By default one at each end, of images nothing.
template <int N> class Cropping {
 public:
  explicit Cropping(Margins<N> cropping = N == 2 ? 0 : 1, NameOptions options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }

 private:
  SharedRecord record_;
  Margins<N> cropping_;
};
using Cropping1D = Cropping<1>;
using Cropping2D = Cropping<2>;
using Cropping3D = Cropping<3>;

}  // namespace reel::nn

#include "tensor/ops/conv.h"
namespace reel { Tensor conv2d(const Tensor& x, const Tensor&, const Conv2dOptions&, Where){return x;} Tensor conv2d(const Tensor& x, const Tensor&, const Tensor&, const Conv2dOptions&, Where){return x;} 
Padding::Padding(const char* n){ kind = n[0]=='s'?Kind::kSame:Kind::kValid; } }

#pragma once
// What a layer is: anything that can be called with a tensor. The library's own share a record of their name and weights; a user's
// is a plain struct of layers and variables, whose fields are found by walking it.
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/variable.h"
#include "nn/dtype_policy.h"
#include "nn/fields.h"
#include "tensor/error.h"

namespace reel::nn {

// For what has no other options.
struct NameOptions {
  std::string name = "";
};

// One array of a layer, under its name there ("kernel"); not trainable ones are kept by training but not changed by gradients.
struct Weight {
  std::string name;
  Tensor value;
  bool trainable = true;
};

// Shared by all copies of one layer.
struct LayerRecord {
  std::string type;  // "Dense"
  std::string name;  // "dense_1"; unique in the process unless given
  bool named = false;  // by the user: then files know the layer by this name, otherwise by its type and place in its model
  std::atomic<bool> built = true;  // false until the first call shows the shapes of the weights
  std::vector<Weight> weights;
  DType compute = policy_dtype();  // what its calls cast to; float32: nothing of their own

  LayerRecord(std::string_view type, std::string_view name, bool built);
  const Tensor& add_weight(const char* weight_name, const Tensor& initial, bool trainable = true);
  // Runs make, which adds the weights, unless that was done; of threads that call a new layer at the same time one does it.
  template <class F> void build(F&& make) {
    if (built) return;
    Building alone;
    if (built) return;
    Autocast exactly(float32);
    make();
    built = true;
  }

 private:
  struct Building {  // one thread's at a time; an initializer may call layers, and so enter again
    Building();
    ~Building();
  };
};
using SharedRecord = std::shared_ptr<LayerRecord>;
// Keras's spelling of a type: conv2d, max_pooling2d.
std::string snake_case(std::string_view type);

// Called with each weight of a model, under its path ("leaf/kernel"), and with each layer that has no weights yet.
class WeightVisitor {
 public:
  virtual void weight(const std::string& path, Weight& weight) = 0;
  virtual void unbuilt(const std::string& path) = 0;

 protected:
  ~WeightVisitor() = default;
};
void visit_record(LayerRecord& record, const std::string& path, WeightVisitor& visitor);
// A variable or plain tensor that is a field of a user's struct.
void visit_tensor(const Tensor& tensor, const std::string& path, WeightVisitor& visitor);

// Walks layers, tensors, structs of such, containers, optionals and pointers; numbers, strings and functions are passed over.
template <class M> void visit_weights(const M& model, const std::string& path, WeightVisitor& visitor) {
  if constexpr (requires { model.visit(path, visitor); }) model.visit(path, visitor);
  else if constexpr (requires { model.record()->weights; }) visit_record(*model.record(), path, visitor);
  else if constexpr (std::is_same_v<M, Tensor>) visit_tensor(model, path, visitor);
  else
    each_field(model, [&](std::string_view name, const auto& field) {
      visit_weights(field, path.empty() || name.empty() ? path + std::string(name) : path + "/" + std::string(name), visitor);
    });
}

// Can be called with a tensor, or with several.
template <class L> concept Callable = std::is_invocable_v<const L&, const Tensor&> || std::is_invocable_v<const L&, const Tensors&>;

class Model;

// Any layer behind one type: a copy shares the layer, as everywhere.
class Layer {
 public:
  template <class L>
    requires(!std::is_same_v<L, Layer> && Callable<L>)
  Layer(L layer) : held_(std::make_shared<Held<L>>(std::move(layer))) {}

  Tensor operator()(const Tensor& x, Where where = {}) const { return held_->call({x}, where); }
  Tensor operator()(const Tensors& x, Where where = {}) const { return held_->call(x, where); }
  std::string type() const { return held_->type(); }
  const LayerRecord* record() const { return held_->record(); }  // null for a user's struct
  // The layer itself when it is an L, else null: model.layers()[0].as<nn::Dense>().
  template <class L> const L* as() const {
    auto* held = dynamic_cast<const Held<L>*>(held_.get());
    return held ? &held->layer : nullptr;
  }
  const Model* model() const { return held_->model(); }  // null unless the layer is a Model, or a class made of one
  void visit(const std::string& path, WeightVisitor& visitor) const { held_->visit(path, visitor); }

 private:
  struct Any {
    virtual ~Any() = default;
    virtual Tensor call(const Tensors& x, Where where) const = 0;
    virtual void visit(const std::string& path, WeightVisitor& visitor) const = 0;
    virtual std::string type() const = 0;
    virtual const LayerRecord* record() const = 0;
    virtual const Model* model() const = 0;
  };
  template <class L> struct Held final : Any {
    L layer;
    explicit Held(L l) : layer(std::move(l)) {}
    Tensor call(const Tensors& x, [[maybe_unused]] Where where) const override {
      if constexpr (std::is_invocable_v<const L&, const Tensor&>) {
        if (x.size() != 1) fail_at(Error(type() + ": takes one tensor, got " + std::to_string(x.size())), where);
        if constexpr (requires { layer(x[0], where); }) return layer(x[0], where);
        else return layer(x[0]);
      } else {
        if constexpr (requires { layer(x, where); }) return layer(x, where);
        else return layer(x);
      }
    }
    void visit(const std::string& path, WeightVisitor& visitor) const override { visit_weights(layer, path, visitor); }
    std::string type() const override {
      if constexpr (requires { layer.record()->type; }) return layer.record()->type;
      else return std::string(type_name<L>());
    }
    const LayerRecord* record() const override {
      if constexpr (requires { layer.record()->name; }) return layer.record().get();
      else return nullptr;
    }
    const Model* model() const override {
      if constexpr (std::is_base_of_v<Model, L>) return &layer;
      else return nullptr;
    }
  };
  std::shared_ptr<const Any> held_;
};

// The outputs of a layer on symbolic inputs, remembered as such; for those who write library layers.
Tensor symbolic_call(const Layer& layer, const Tensors& inputs, const Tensor& output);

// Runs a library layer's body: errors name the layer, and a symbolic input gives a symbolic output.
template <class L, class F> Tensor call_layer(const L& layer, const Tensors& inputs, F&& body) {
  LayerScope scope(layer.record()->type.c_str(), layer.record()->name.c_str());
  UnderPolicy policy(layer.record()->compute);
  Tensor y = body();
  return y.device() == symbolic() ? symbolic_call(layer, inputs, y) : y;
}

// The weights of a layer, struct or model with their paths, in the order of the fields; a shared one counts once. Throws naming the
// first layer that has none yet.
class WeightList final : public WeightVisitor {
 public:
  std::vector<std::pair<std::string, Weight>> found;
  void weight(const std::string& path, Weight& weight) override;
  void unbuilt(const std::string& path) override;
};
template <class M> std::vector<std::pair<std::string, Weight>> weights(const M& model) {
  WeightList list;
  visit_weights(model, "", list);
  return std::move(list.found);
}
template <class M> Tensors trainable_variables(const M& model) {
  Tensors v;
  for (auto& [path, w] : weights(model))
    if (w.trainable) v.push_back(w.value);
  return v;
}

}  // namespace reel::nn

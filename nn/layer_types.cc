#include "nn/layer_types.h"

#include "nn/layers.h"

namespace reel::nn {
namespace {

template <class T> T blank() {
  if constexpr (std::is_same_v<T, HeightWidth>) return HeightWidth(0);
  else return T{};
}
template <class T> constexpr bool is_options = requires(T t) { t.name; t.name = std::string(); };

template <class T> void write_part(const LayerType& type, size_t i, const T& part, Json& config) {
  if constexpr (is_options<T>) {
    each_option(part, [&](std::string_view key, const auto& v) {
      if (key == "name") return;
      Json value = to_config(v);
      bool unnamed = std::is_same_v<std::decay_t<decltype(v)>, Initializer> && value.is_null();  // Keras takes its default
      if (!unnamed) config[std::string(key)] = std::move(value);
    });
  } else {
    config[type.arguments[i]] = to_config(part);
  }
}
template <class T> T read_part(const LayerType& type, size_t i, ConfigReader& config, const std::string& name) {
  T part = blank<T>();
  if constexpr (is_options<T>) {
    config.options(part);
    part.name = name;
  } else {
    config.require(type.arguments[i], part);
  }
  return part;
}

// A row of the table: all else follows from what L::config() is made of.
template <class L> LayerType row(const char* class_name, std::vector<const char*> arguments = {}) {
  using Parts = decltype(std::declval<const L&>().config());
  using Every = std::make_index_sequence<std::tuple_size_v<Parts>>;
  return {class_name, std::move(arguments), !std::is_invocable_v<const L&, const Tensor&>,
          [](const LayerType& type, const Layer& layer, Json& config) {
            const L* l = layer.as<L>();
            if (!l) return false;
            [&]<size_t... I>(std::index_sequence<I...>) {
              [[maybe_unused]] Parts parts = l->config();
              (write_part(type, I, std::get<I>(parts), config), ...);
            }(Every{});
            return true;
          },
          [](const LayerType& type, ConfigReader& config, const std::string& name) {
            return [&]<size_t... I>(std::index_sequence<I...>) {
              // In braces, so that the parts are read in order.
              [[maybe_unused]] Parts parts{read_part<std::tuple_element_t<I, Parts>>(type, I, config, name)...};
              auto make = [&] {
                if constexpr ((is_options<std::tuple_element_t<I, Parts>> || ...)) return L(std::get<I>(std::move(parts))...);
                else return L(std::get<I>(std::move(parts))..., NameOptions{name});
              };
              L layer = make();
              settle_name(*layer.record());
              return Layer(std::move(layer));
            }(Every{});
          }};
}

}  // namespace

const std::vector<LayerType>& layer_types() {
  static const std::vector<LayerType> types{
      row<Activation>("Activation", {"activation"}),
      row<AveragePooling2D>("AveragePooling2D", {"pool_size"}),
      row<Concatenate>("Concatenate"),
      row<Conv2D>("Conv2D", {"filters", "kernel_size"}),
      row<Dense>("Dense", {"units"}),
      row<Dropout>("Dropout", {"rate"}),
      row<Embedding>("Embedding", {"input_dim", "output_dim"}),
      row<Flatten>("Flatten"),
      row<MaxPooling2D>("MaxPooling2D", {"pool_size"}),
  };
  return types;
}

void settle_name(LayerRecord& record) {
  std::string base = snake_case(record.type);
  if (record.name.compare(0, base.size(), base) != 0) return;
  std::string rest = record.name.substr(base.size());
  bool numbered = rest.size() > 1 && rest[0] == '_' && rest.find_first_not_of("0123456789", 1) == std::string::npos;
  if (rest.empty() || numbered) record.named = false;
}

const LayerType* layer_type_of(const Layer& layer) {
  for (const LayerType& t : layer_types())
    if (layer.type() == t.class_name) return &t;
  return nullptr;
}

}  // namespace reel::nn

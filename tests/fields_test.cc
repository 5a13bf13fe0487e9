// The names of weights that walking a struct's fields gives.
#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <optional>

#include "reel.h"

using namespace reel;

namespace {

template <class M> std::string names(const M& model) {
  std::string s;
  for (auto& [path, w] : nn::weights(model)) s += (s.empty() ? "" : " ") + path;
  return s;
}

struct Block {
  nn::Embedding inner{3, 2};
  Tensor scale = variable(ones({2}));
};
struct Named {
  int depth = 2;
  std::string title = "t";
  Block first;
  std::vector<nn::Embedding> many{nn::Embedding(2, 1), nn::Embedding(2, 1)};
  std::array<nn::Embedding, 2> pair{nn::Embedding(2, 1), nn::Embedding(2, 1)};
  std::optional<nn::Embedding> maybe, absent;
  std::shared_ptr<Block> pointed = std::make_shared<Block>();
  std::pair<nn::Embedding, double> half{nn::Embedding(2, 1), 0.5};
  Tensor (*activation)(const Tensor&) = nullptr;
  Tensor counter = zeros({1});
  Tensor nothing;
};
struct Optionals {
  std::optional<Block> block;
  std::optional<std::vector<nn::Embedding>> list;
  std::optional<Tensor> tensor;
  std::unique_ptr<Block> owned;
  std::vector<Block> blocks;
  std::map<std::string, nn::Embedding> by_name;
};
struct Hidden {
  explicit Hidden(int n) : table_(n, 1) {}
  template <class F> void fields(F&& f) const { f("table", table_); }

 private:
  nn::Embedding table_;
};
struct Tied {
  nn::Embedding encoder{3, 2};
  nn::Embedding decoder = encoder;
  Tensor table = nn::weights(encoder)[0].second.value;
};
struct Inherited : nn::Sequential {
  Inherited() : Sequential({nn::Embedding(3, 2), nn::Embedding(2, 2, {.name = "named"})}) { add(nn::Embedding(4, 2)); }
};
struct Holder {
  Inherited body;
  nn::Sequential tail{nn::Embedding(2, 2), nn::Flatten()};
  nn::Layer any = nn::Embedding(2, 2);
};
struct Twelve {
  Tensor a, b, c, d, e, f, g, h, i, j, k, l = ones({1});
};

}  // namespace

TEST_CASE("fields: nested structs, containers, optionals, arrays, pointers, pairs") {
  Named n;
  n.maybe = nn::Embedding(2, 1);
  CHECK(names(n) ==
        "first/inner/embeddings first/scale many/0/embeddings many/1/embeddings pair/0/embeddings pair/1/embeddings maybe/embeddings "
        "pointed/inner/embeddings pointed/scale half/first/embeddings counter");
  CHECK(nn::trainable_variables(n).size() == 10);
  Optionals o;
  CHECK(names(o) == "");
  o.block.emplace();
  o.list.emplace(std::vector<nn::Embedding>{nn::Embedding(2, 1)});
  o.tensor = ones({2});
  o.owned = std::make_unique<Block>();
  o.blocks.resize(1);
  o.by_name.emplace("left", nn::Embedding(2, 1));
  CHECK(names(o) == "block/inner/embeddings block/scale list/0/embeddings tensor owned/inner/embeddings owned/scale blocks/0/inner/embeddings "
                    "blocks/0/scale by_name/left/embeddings");
}

TEST_CASE("fields: classes that list their own, members of Sequentials, twelve of them") {
  CHECK(names(Hidden(3)) == "table/embeddings");
  CHECK(names(Inherited()) == "embedding/embeddings named/embeddings embedding_1/embeddings");
  CHECK(names(Holder()) == "body/embedding/embeddings body/named/embeddings body/embedding_1/embeddings tail/embedding/embeddings any/embeddings");
  CHECK(names(Twelve()) == "l");
}

TEST_CASE("fields: what is shared counts once") {
  Tied t;
  CHECK(names(t) == "encoder/embeddings");
  CHECK(nn::trainable_variables(t).size() == 1);
  Tied copy = t;
  copy.encoder(tensor({0}));
  CHECK(nn::trainable_variables(copy)[0].body().storage == nn::trainable_variables(t)[0].body().storage);
}

TEST_CASE("fields: options, also those made of functions, and writing to them") {
  std::string s;
  nn::Conv2DOptions o;
  nn::each_option(o, [&]<class T>(std::string_view name, T& v) {
    s += std::string(name) + " ";
    if constexpr (std::is_same_v<T, bool>) v = false;
  });
  CHECK(s == "strides padding dilation_rate groups activation use_bias kernel_initializer bias_initializer name ");
  CHECK_FALSE(o.use_bias);
}

TEST_CASE("fields: the layer behind nn::Layer") {
  nn::Sequential model{nn::Dense(3), nn::Flatten()};
  CHECK(model.layers()[0].as<nn::Dense>() != nullptr);
  CHECK(model.layers()[0].as<nn::Flatten>() == nullptr);
  CHECK(model.layers()[0].model() == nullptr);
  CHECK(nn::Layer(model).model() != nullptr);
  CHECK(nn::Layer(Inherited()).model() != nullptr);
}

TEST_CASE("fields: the types of user structs") {
  CHECK(nn::type_name<Block>() == "Block");
  CHECK(nn::Layer(nn::Dense(1)).type() == "Dense");
  CHECK(nn::snake_case("MaxPooling2D") == "max_pooling2d");
  CHECK(nn::snake_case("TreeLstm") == "tree_lstm");
}

// A binary Tree-LSTM over sentence trees, written as the recursion it is: `sentiment --help`.
#include <CLI/CLI.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>

#include "nn/treebank.h"
#include "reel.h"

using namespace reel;

namespace {

struct Flags {
  std::string optimizer = "adagrad";
  int epochs = 12, patience = 3;
  int64_t batch_size = 25, words = 300, hidden = 150;
  double learning_rate = 0.05, dropout = 0.5, weight_decay = 1e-4;
  uint64_t seed = 0;
  bool synthetic = false;
};

// Tai, Socher and Manning 2015: two children give the gates input, output, candidate and one forget gate each.
struct TreeLstm {
  nn::Embedding words;
  nn::Dense leaf, join, label;
  nn::Dropout dropout;

  TreeLstm(int64_t vocabulary, const Flags& f)
      : words(vocabulary, f.words, {.embeddings_initializer = "uniform"}), leaf(3 * f.hidden), join(5 * f.hidden), label(5), dropout(f.dropout) {}

  struct State {
    Tensor h, c;
  };
  // The state of a tree; the states of all its nodes go into `all`, children first, as their labels stand in tree.nodes().
  State operator()(const Tree& t, Tensors& all) const {
    State s;
    if (t.leaf()) {
      s = read(t.word);
    } else {
      // In statements of their own: the order in which a call's arguments are evaluated is not fixed, and the labels' order is.
      State left = (*this)(t.left(), all);
      State right = (*this)(t.right(), all);
      s = compose(left, right);
    }
    all.push_back(s.h);
    return s;
  }
  State read(int word) const {
    Tensors g = split(leaf(dropout(words(tensor({word})))), 3, 1);
    Tensor c = sigmoid(g[0]) * tanh(g[1]);
    return {sigmoid(g[2]) * tanh(c), c};
  }
  State compose(const State& l, const State& r) const {
    Tensors g = split(join(concat({l.h, r.h}, 1)), 5, 1);
    Tensor c = sigmoid(g[0]) * tanh(g[1]) + sigmoid(g[2]) * l.c + sigmoid(g[3]) * r.c;
    return {sigmoid(g[4]) * tanh(c), c};
  }
  // The five-way scores of every node, one row each.
  Tensor scores(const Tree& t) const {
    Tensors all;
    (*this)(t, all);
    return label(dropout(concat(all, 0)));
  }
  template <class F> void fields(F&& f) const { f("words", words), f("leaf", leaf), f("join", join), f("label", label); }
};

Tensor node_labels(const Tree& t) {
  std::vector<int64_t> l;
  for (const Tree::Node& n : t.nodes()) l.push_back(n.label);
  return tensor(l);
}

struct Accuracy {
  double fine = 0, binary = 0;
};
// Of the roots: among five labels, and positive against negative where the label is not neutral.
Accuracy evaluate(const TreeLstm& model, const std::vector<Tree>& trees) {
  NoGrad no_grad;
  int fine = 0, right = 0, polar = 0;
  for (const Tree& t : trees) {
    Tensor p = softmax(model.scores(t)[-1], -1);
    fine += argmax(p).item<int>() == t.label;
    if (t.label == 2) continue;
    ++polar;
    bool positive = p.at<float>(3) + p.at<float>(4) > p.at<float>(0) + p.at<float>(1);
    right += positive == (t.label > 2);
  }
  return {trees.empty() ? 0 : double(fine) / double(trees.size()), polar ? double(right) / polar : 0};
}

nn::Optimizer make_optimizer(const Flags& f) {
  if (f.optimizer == "adam") return nn::Adam({.learning_rate = f.learning_rate, .weight_decay = f.weight_decay});
  return nn::Adagrad({.learning_rate = f.learning_rate, .weight_decay = f.weight_decay});
}

int run(const Flags& flags) {
  set_random_seed(flags.seed);
  Treebank bank;
  bool real = !flags.synthetic;
  if (real) {
    try {
      bank = datasets::sst();
    } catch (const FileError& e) {
      real = false;
      spdlog::warn("NO TREEBANK: {}", e.what());
      spdlog::warn("TRAINING ON GENERATED TREES INSTEAD (datasets::synthetic_treebank)");
    }
  }
  if (!real) bank = datasets::synthetic_treebank(4000, 500, 500, flags.seed);
  spdlog::info("{} training trees, {} for early stopping, {} for the test, {} words", bank.train.size(), bank.dev.size(), bank.test.size(), bank.words.size());

  TreeLstm model(int64_t(bank.words.size()), flags);
  model.scores(bank.train.at(0));  // the first call shows the layers their shapes
  Tensors variables = nn::trainable_variables(model), best;
  nn::Optimizer optimizer = make_optimizer(flags);
  Generator shuffling{flags.seed};
  double best_dev = -1;
  int since_best = 0;
  auto start = std::chrono::steady_clock::now();
  auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };

  for (int epoch = 1; epoch <= flags.epochs && since_best < flags.patience; ++epoch) {
    Tensor order = permutation(int64_t(bank.train.size()), shuffling);
    auto at = order.values<int64_t>();
    double total = 0;
    int64_t nodes = 0;
    for (size_t begin = 0; begin < at.size(); begin += size_t(flags.batch_size)) {
      size_t end = std::min(begin + size_t(flags.batch_size), at.size());
      Training training;
      Tensors losses;
      for (size_t i = begin; i < end; ++i) {
        const Tree& t = bank.train[size_t(at[i])];
        losses.push_back(sparse_softmax_cross_entropy(model.scores(t), node_labels(t)));
      }
      Tensor all = concat(losses), loss = sum(all);
      total += loss.item();
      nodes += all.size();
      backward(loss * (1. / double(end - begin)));
      optimizer.step(variables);
    }
    Accuracy dev = evaluate(model, bank.dev);
    spdlog::info("epoch {:2}  loss a node {:.4f}  dev five-way {:.4f}  binary {:.4f}  {:.0f} s", epoch, total / double(nodes), dev.fine, dev.binary, seconds());
    ++since_best;
    if (dev.fine > best_dev) {
      best_dev = dev.fine;
      since_best = 0;
      best.clear();
      NoGrad no_grad;
      for (const Tensor& v : variables) best.push_back(clone(v));
    }
  }
  {
    NoGrad no_grad;
    for (size_t i = 0; i < best.size(); ++i) assign(variables[i], best[i]);
  }
  Accuracy test = evaluate(model, bank.test);
  if (!real) std::printf("(generated trees, not the Stanford Sentiment Treebank)\n");
  std::printf("test accuracy five-way %.4f binary %.4f\n", test.fine, test.binary);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  spdlog::set_default_logger(spdlog::stdout_color_mt("sentiment"));
  spdlog::set_pattern("%v");
  Flags flags;
  CLI::App app{"Trains a Tree-LSTM on the Stanford Sentiment Treebank, every node labelled, and reports the accuracy at the roots."};
  app.add_option("--optimizer", flags.optimizer, "adagrad or adam")->check(CLI::IsMember({"adagrad", "adam"}))->capture_default_str();
  app.add_option("--learning-rate", flags.learning_rate)->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--weight-decay", flags.weight_decay, "decoupled, a step")->capture_default_str();
  app.add_option("--dropout", flags.dropout, "of word vectors and of states before the labels")->check(CLI::Range(0., 0.95))->capture_default_str();
  app.add_option("--epochs", flags.epochs, "at most")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--patience", flags.patience, "epochs without a better dev accuracy before stopping")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--batch-size", flags.batch_size, "trees a step")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--words", flags.words, "length of the word vectors")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--hidden", flags.hidden, "length of the states")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--seed", flags.seed)->capture_default_str();
  app.add_flag("--synthetic", flags.synthetic, "use generated trees even where the treebank is");
  CLI11_PARSE(app, argc, argv);
  try {
    return run(flags);
  } catch (const std::exception& e) {
    spdlog::error("{}", e.what());
    return 1;
  }
}

#pragma once
// One step of a recurrent cell for one sample, elementwise part, compiled once per instruction-set level. Every pointer is to rows of
// n units; gates lie one after the other in Keras's order.
#include <cstdint>

namespace reel {

struct RecurrentLoops {
  // gates [4n] (i, f, c~, o before their activations) become the activated ones; c and h follow from c_before.
  void (*lstm)(int64_t n, void* gates, const void* c_before, void* c, void* h);
  // From the gradients gh, gc and those of the activated gates (null: none): gz [4n] before the activations, and of c_before (which may
  // stand where gc does).
  void (*lstm_grad)(int64_t n, const void* gates, const void* c_before, const void* c, const void* gh, const void* gc, const void* ggates, void* gz,
                    void* gc_before);
  // r [3n] = h_before U + b_recurrent (update, reset, candidate), saved's first 3n = x W + b: h, and saved [4n] becomes update, reset,
  // candidate, r's last.
  void (*gru)(int64_t n, const void* r, const void* h_before, void* saved, void* h);
  // gz [3n], gr [n] of r's last (its others are gz's), and gh_before (maybe where gh stands) without what goes through r.
  void (*gru_grad)(int64_t n, const void* saved, const void* h_before, const void* gh, const void* gsaved, void* gz, void* gr, void* gh_before);
  void (*tanh)(int64_t n, void* h);
  // gz from gh.
  void (*tanh_grad)(int64_t n, const void* h, const void* gh, void* gz);
  void (*add)(int64_t n, const void* x, void* to);
  // Adds `rows` rows of n, which are `stride` elements apart.
  void (*add_rows)(int64_t rows, int64_t n, const void* x, int64_t stride, void* to);
};
extern RecurrentLoops recurrent_loops[2];  // float, double

}  // namespace reel

#pragma once
// Walks the fields of a plain struct and knows their names from the compiler: how the weights of a user's model are found without
// registration. The one clever file of the project; tests pin the names it gives. A type it cannot walk is a compile error in plain
// words, and such a class lists its own: template <class F> void fields(F&& f) const { f("w", w); }.
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace reel::nn {
namespace detail {

template <class R, class... A> using FunctionPointer = R (*)(A...);
struct AnyField {
  template <class T>
    requires(!std::is_pointer_v<T> || !std::is_function_v<std::remove_pointer_t<T>>)
  operator T() const;
};
struct AnyFunction {
  template <class R, class... A> operator FunctionPointer<R, A...>() const;
};
// An optional could be made from AnyField in two ways: as itself, and from what it holds; what is also made of a function, likewise.
struct AnyOptional {
  template <class T> operator std::optional<T>() const;
};
template <class T> struct AnyParent {
  template <class P>
    requires(std::is_base_of_v<P, T> && !std::is_same_v<P, T>)
  operator P() const;
};
template <class T, class... A> consteval int count_fields() {
  static_assert(!requires { T{AnyParent<T>{}}; },
                "the fields of a model struct that inherits from another cannot be walked: make the parent its first field, or list them with fields()");
  if constexpr (requires { T{A{}..., AnyField{}}; }) return count_fields<T, A..., AnyField>();
  else if constexpr (requires { T{A{}..., AnyOptional{}}; }) return count_fields<T, A..., AnyOptional>();
  else if constexpr (requires { T{A{}..., AnyFunction{}}; }) return count_fields<T, A..., AnyFunction>();
  else return int(sizeof...(A));
}

template <class T> constexpr auto tie_fields(T& t) {
  constexpr int n = count_fields<std::remove_const_t<T>>();
  static_assert(n <= 12, "a model struct may have at most 12 fields (group some into a struct, or list them with fields())");
  static_assert(n > 0, "the first field of this model struct cannot be told from its initializer: list the weights with fields()");
  if constexpr (n == 1) { auto& [a] = t; return std::tie(a); }
  else if constexpr (n == 2) { auto& [a, b] = t; return std::tie(a, b); }
  else if constexpr (n == 3) { auto& [a, b, c] = t; return std::tie(a, b, c); }
  else if constexpr (n == 4) { auto& [a, b, c, d] = t; return std::tie(a, b, c, d); }
  else if constexpr (n == 5) { auto& [a, b, c, d, e] = t; return std::tie(a, b, c, d, e); }
  else if constexpr (n == 6) { auto& [a, b, c, d, e, f] = t; return std::tie(a, b, c, d, e, f); }
  else if constexpr (n == 7) { auto& [a, b, c, d, e, f, g] = t; return std::tie(a, b, c, d, e, f, g); }
  else if constexpr (n == 8) { auto& [a, b, c, d, e, f, g, h] = t; return std::tie(a, b, c, d, e, f, g, h); }
  else if constexpr (n == 9) { auto& [a, b, c, d, e, f, g, h, i] = t; return std::tie(a, b, c, d, e, f, g, h, i); }
  else if constexpr (n == 10) { auto& [a, b, c, d, e, f, g, h, i, j] = t; return std::tie(a, b, c, d, e, f, g, h, i, j); }
  else if constexpr (n == 11) { auto& [a, b, c, d, e, f, g, h, i, j, k] = t; return std::tie(a, b, c, d, e, f, g, h, i, j, k); }
  else { auto& [a, b, c, d, e, f, g, h, i, j, k, l] = t; return std::tie(a, b, c, d, e, f, g, h, i, j, k, l); }
}

// The address of a field of an object that is never made: its spelling as a template argument ends in the field's name.
template <class T> struct Wrapped { T value; };
template <class T> extern Wrapped<T> never_made;
template <class T, int I> consteval auto field_address() { return &std::get<I>(tie_fields(never_made<T>.value)); }
template <auto P> consteval std::string_view spelled() { return __PRETTY_FUNCTION__; }
template <class T, int I> constexpr std::string_view field_name() {
  constexpr std::string_view s = spelled<field_address<T, I>()>();
  constexpr auto end = s.find(");");
  constexpr auto begin = s.rfind(':', end) + 1;
  return s.substr(begin, end - begin);
}

}  // namespace detail

// "TreeLstm" for a user's struct.
template <class T> std::string_view type_name() {
  std::string_view s = __PRETTY_FUNCTION__;
  s = s.substr(s.find("T = ") + 4);
  s = s.substr(0, s.find_first_of(";]"));
  auto colon = s.rfind("::");
  return s.find('<') == s.npos && colon != s.npos ? s.substr(colon + 2) : s;
}

// Calls f(name, field) for each field of a plain struct, which f may change: how options are read from files.
template <class T, class F> void each_option(T& options, F&& f) {
  auto fields = detail::tie_fields(options);
  [&]<int... I>(std::integer_sequence<int, I...>) {
    (f(detail::field_name<std::remove_const_t<T>, I>(), std::get<I>(fields)), ...);
  }(std::make_integer_sequence<int, int(std::tuple_size_v<decltype(fields)>)>{});
}

// Calls f(name, field) for each field; elements of a container are named by their position, those of a map by their key.
template <class M, class F> void each_field(const M& m, F&& f) {
  if constexpr (requires { m.fields(f); }) {
    m.fields(f);
  } else if constexpr (std::is_arithmetic_v<M> || std::is_enum_v<M> || std::is_convertible_v<M, std::string_view> || std::is_pointer_v<M> ||
                       std::is_member_pointer_v<M>) {
  } else if constexpr (requires { typename M::mapped_type; requires std::is_convertible_v<typename M::key_type, std::string_view>; }) {
    for (const auto& [key, x] : m) f(key, x);
  } else if constexpr (requires { m.begin(); m.end(); }) {
    int i = 0;
    for (const auto& x : m) f(std::to_string(i++), x);
  } else if constexpr (requires { *m; bool(m); }) {
    if (m) f("", *m);
  } else if constexpr (std::is_empty_v<M>) {
  } else if constexpr (requires { m.first; m.second; }) {
    f("first", m.first);
    f("second", m.second);
  } else if constexpr (std::is_aggregate_v<M>) {
    auto fields = detail::tie_fields(m);
    [&]<int... I>(std::integer_sequence<int, I...>) {
      (f(detail::field_name<M, I>(), std::get<I>(fields)), ...);
    }(std::make_integer_sequence<int, int(std::tuple_size_v<decltype(fields)>)>{});
  } else {
    static_assert(std::is_aggregate_v<M>,
                  "this field is neither a layer, a Tensor, a plain struct, a container, a number nor a string: list the weights of its class with "
                  "template <class F> void fields(F&& f) const");
  }
}

}  // namespace reel::nn

#!/bin/sh
# Runs gdb on gdb_program, at a breakpoint and on a core file, and compares its words. Exit 77: gdb is not there, the test is skipped.
# usage: gdb_test.sh <gdb_program> <libreel.so>
program=$1
library=$2
if ! command -v gdb > /dev/null; then
  echo "skipped: gdb is not installed"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

expect() {  # expect <file> <words>
  if ! grep -qF -- "$2" "$1"; then
    echo "missing: $2"
    failed=1
  fi
}

cat > "$work/look" <<'END'
frame function look
print x
print w
print y
print loss
print many
print none
print x.body_->shape
print loss.body_->dtype
print *(reel::Node*)y.body_->history
print *(reel::Node*)loss.body_->history
END
check() {
  expect "$1" '= int64[4, 2] [[0, 1], [2, 3], [4, 5], ...]  <- reshape at gdb_program.cc:14'
  expect "$1" '= float32[1, 2] [[0.5, -1]]  <- variable "head/kernel"'
  expect "$1" '= float32[4, 2] [[0.731059, 0.268941], [0.982014, 0.0179862], [0.999089, 0.000911051], ...]  <- softmax at gdb_program.cc:16'
  expect "$1" '= float32[] 4  <- sum at gdb_program.cc:17'
  expect "$1" 'int64[2, 4] [[0, 2, 4, 6], [1, 3, ...]]  <- transpose at gdb_program.cc:18'
  expect "$1" 'bfloat16[1, 2] [[0.5, -1]]  <- cast at gdb_program.cc:18'
  expect "$1" 'bool[4, 2] [[False, False], [False, False], [True, True], ...]  <- greater at gdb_program.cc:18'
  expect "$1" '= an empty Tensor'
  expect "$1" '= [4, 2]'
  expect "$1" '= float32'
  expect "$1" 'op = Softmax {axis = 1}, 1 input, at gdb_program.cc:16'
  expect "$1" 'input 0'
  expect "$1" 'multiply at gdb_program.cc:16'
  expect "$1" 'op = Sum {mask = 3, keepdims = false}, 1 input, at gdb_program.cc:17'
}

safe="add-auto-load-safe-path $library"
gdb -nx -q -batch -iex "$safe" -iex 'set debuginfod enabled off' -ex 'break look' -ex run -x "$work/look" -ex "generate-core-file $work/core" -ex kill "$program" \
  > "$work/live" 2>&1
if grep -qE 'ptrace: Operation not permitted|Could not trace the inferior' "$work/live"; then
  echo "skipped: this system does not let gdb trace a program"
  exit 77
fi
check "$work/live"
gdb -nx -q -batch -iex "$safe" -iex 'set debuginfod enabled off' -x "$work/look" "$program" "$work/core" > "$work/dead" 2>&1
check "$work/dead"
if [ $failed = 1 ]; then
  cat "$work/live" "$work/dead"
fi
exit $failed

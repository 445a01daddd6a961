#!/bin/bash
# A program that finds its library beside itself, wherever both are installed.
set -euo pipefail

case "$target_platform" in
    osx-*) beside='@loader_path/../lib' ;;
    *) beside='$ORIGIN/../lib' ;;
esac

mkdir -p "$PREFIX/bin"
"${CC:-cc}" -std=c99 -O2 -Wall -Wextra -Wpedantic "-ffile-prefix-map=$SRC_DIR=." \
    "-I$PREFIX/include" "-L$PREFIX/lib" "-Wl,-rpath,$beside" main.c -ldaylight -o "$PREFIX/bin/daylight"

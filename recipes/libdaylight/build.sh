#!/bin/bash
# A shared library with the system's compiler: linux-64 and osx-arm64.
set -euo pipefail

major=${PKG_VERSION%%.*}
flags=(-std=c99 -O2 -fPIC -Wall -Wextra -Wpedantic "-ffile-prefix-map=$SRC_DIR=.")
case "$target_platform" in
    osx-*)
        real=libdaylight.$PKG_VERSION.dylib soname=libdaylight.$major.dylib short=libdaylight.dylib
        link=(-dynamiclib -Wl,-install_name,@rpath/$soname -Wl,-headerpad_max_install_names
            -compatibility_version "$major.0" -current_version "$PKG_VERSION") ;;
    *)
        real=libdaylight.so.$PKG_VERSION soname=libdaylight.so.$major short=libdaylight.so
        link=(-shared -Wl,-soname,$soname -Wl,-z,defs) ;;
esac

mkdir -p "$PREFIX/lib/pkgconfig" "$PREFIX/include"
"${CC:-cc}" "${flags[@]}" "${link[@]}" daylight.c -o "$PREFIX/lib/$real" -lm
ln -s "$real" "$PREFIX/lib/$soname"
ln -s "$real" "$PREFIX/lib/$short"
install -m 0644 daylight.h "$PREFIX/include/daylight.h"
sed "s/@VERSION@/$PKG_VERSION/" libdaylight.pc > "$PREFIX/lib/pkgconfig/libdaylight.pc"

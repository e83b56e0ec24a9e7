#!/bin/sh
# Builds and installs the C library: shared with soname links, static, header, pkg-config file, CMake package, licences,
# suppressions for memory and thread checkers.
#
# usage: [PREFIX=/usr/local] [DESTDIR=] [LIBDIR=lib] [PROFILE=release] install.sh
#
# LIBDIR is relative to PREFIX. The installed tree can be moved: its files find each other by relative paths.
set -eu

prefix=${PREFIX:-/usr/local}
libdir=${LIBDIR:-lib}
profile=${PROFILE:-release}
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
target=${CARGO_TARGET_DIR:-$root/target}${CARGO_BUILD_TARGET:+/$CARGO_BUILD_TARGET}

case $prefix in /*) ;; *) echo "PREFIX has to be absolute: $prefix" >&2; exit 2 ;; esac
case $libdir in /*) echo "LIBDIR has to be relative to PREFIX: $libdir" >&2; exit 2 ;; esac

# What a static library needs beside itself, as the compiler says it. The driver of a C compiler adds libc and the right
# form of libgcc by itself, which is another one for a fully static program.
build() {
    notes=$(cd "$root" && ${CARGO:-cargo} rustc --locked -p wts-session-c --lib --profile "$profile" -- \
        --print native-static-libs 2>&1) || { echo "$notes" >&2; exit 1; }
    needed=$(echo "$notes" | sed -n 's/.*native-static-libs: //p' | tail -1 | tr ' ' '\n' | grep -vxE -e '-lgcc_s|-lc' |
        xargs)
    test -n "$needed" || { echo "the compiler did not say what the static library needs" >&2; exit 1; }
}

# The way up from a folder below the prefix.
way_up() {
    echo "$1" | tr '/' '\n' | grep -v '^$' | sed 's/.*/../' | paste -sd/ -
}

filled() {
    sed -e "s|@VERSION@|$version|g" -e "s|@SONAME@|$soname|g" -e "s|@LIBDIR@|$libdir|g" -e "s|@NEEDED@|$needed|g" \
        -e "s|@NEEDED_NAMES@|$(echo "$needed" | sed 's/-l//g; s/ /;/g')|g" -e "s|@UP@|$2|g" "$here/install/$1"
}

# Whatever the umask: others are to read what is installed.
folder() {
    install -d -m 755 "$stage/$1"
}

file() {
    install -m 644 "$1" "$stage/$2/"
}

# usage: fill TEMPLATE FOLDER
fill() {
    made=$stage/$2/${1%.in}
    filled "$1" "$(way_up "$2")" > "$made"
    chmod 644 "$made"
}

build
case $profile in dev) built=$target/debug ;; *) built=$target/$profile ;; esac
version=$(sed -n 's/^#define WTS_VERSION "\(.*\)"$/\1/p' "$root/include/wts_session.h")
soname=$("$here/soname.sh" "$built/libwts_session.so")
stage=${DESTDIR:-}$prefix
real=libwts_session.so.$version

folders="include $libdir $libdir/pkgconfig $libdir/cmake $libdir/cmake/wts_session
         share share/wts_session share/doc share/doc/wts_session"
for name in $folders; do folder "$name"; done
file "$root/include/wts_session.h" include
install -m 755 "$built/libwts_session.so" "$stage/$libdir/$real"
ln -sf "$real" "$stage/$libdir/$soname"
ln -sf "$soname" "$stage/$libdir/libwts_session.so"
file "$built/libwts_session.a" "$libdir"
for name in LICENSE-MIT LICENSE-APACHE; do file "$root/$name" share/doc/wts_session; done
file "$here/THIRD-PARTY-NOTICES.txt" share/doc/wts_session
for name in valgrind.supp tsan.supp; do file "$here/install/$name" share/wts_session; done

fill wts_session.pc.in "$libdir/pkgconfig"
for name in wts_session-config.cmake.in wts_session-config-version.cmake.in; do fill "$name" "$libdir/cmake/wts_session"; done
echo "installed wts_session $version in $stage"

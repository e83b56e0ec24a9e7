#!/bin/sh
# Installs the library, moves the tree, and builds projects against it that know nothing but pkg-config or CMake.
#
# usage: OUT=folder WITH_STAND_IN=program [PROFILE=dev] install.sh
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cc=${CC:-cc}
cxx=${CXX:-c++}
moved=$OUT/moved
project=$OUT/project
warnings="-Wall -Wextra -Werror"

fail() {
    echo "not ok - $*"
    exit 1
}

# Runs a program, and sees to it that it uses the shared library of the installed tree, or none.
run() {
    libraries=$(LD_LIBRARY_PATH=$moved/lib ldd "$2" 2>&1 || true)
    case $1 in
    shared) echo "$libraries" | grep -q "libwts_session.so.0 => $moved/lib/" || fail "$2 uses another library" ;;
    static) ! echo "$libraries" | grep -q libwts_session || fail "$2 uses a shared library" ;;
    esac
    LD_LIBRARY_PATH=$moved/lib "$WITH_STAND_IN" "$2" > "$OUT/output" || { cat "$OUT/output"; fail "$2"; }
    echo "ok - $2"
}

check_tree() {
    version=$(sed -n 's/^#define WTS_VERSION "\(.*\)"$/\1/p' "$moved/include/wts_session.h")
    test "$(readlink "$moved/lib/libwts_session.so")" = libwts_session.so.0 || fail "link of the linker"
    test "$(readlink "$moved/lib/libwts_session.so.0")" = "libwts_session.so.$version" || fail "link of the loader"
    "$here/library.sh" "$moved/lib/libwts_session.so.$version"
    ! grep -q __asan_ "$moved/lib/libwts_session.a" || fail "a sanitizer in the static library"
    (cd "$moved" && find . ! -type d | LC_ALL=C sort) | sed "s/$version/VERSION/" | diff - "$here/install/files.txt" ||
        fail "other files than in tests/install/files.txt"
    unreadable=$(find "$moved" ! -type l ! -perm -444 -o -type d ! -perm -555)
    test -z "$unreadable" || fail "others can't read $unreadable"
    ! grep -rqI -e "$OUT" -e /opt/wts "$moved/include" "$moved/lib/pkgconfig" "$moved/lib/cmake" || fail "absolute paths"
}

package() {
    PKG_CONFIG_PATH=$moved/lib/pkgconfig pkg-config "$@" wts_session
}

# Debian and others keep libraries one folder deeper.
check_other_libdir() {
    PREFIX=/usr LIBDIR=lib/some-machine DESTDIR=$OUT/other "$here/../install.sh"
    flags=$(PKG_CONFIG_PATH=$OUT/other/usr/lib/some-machine/pkgconfig pkg-config --cflags --libs wts_session)
    $cc "$project/main.c" $flags -o "$OUT/other-libdir" || fail "libraries in lib/some-machine"
    cmake -S "$project" -B "$OUT/other-build" -DCMAKE_PREFIX_PATH="$OUT/other/usr" \
        -Dwts_session_DIR="$OUT/other/usr/lib/some-machine/cmake/wts_session" > "$OUT/output" &&
        cmake --build "$OUT/other-build" > "$OUT/output" || { cat "$OUT/output"; fail "CMake and lib/some-machine"; }
    echo "ok - another folder for libraries"
}

with_pkg_config() {
    flags="$warnings $(package --cflags)"
    archive="$(package --variable=libdir)/libwts_session.a $(package --static --libs-only-l | sed 's/-lwts_session//')"
    test "$(package --modversion)" = "$version" || fail "version of the package"
    $cc $flags "$project/main.c" $(package --libs) -o "$OUT/pkg-c-shared"
    $cxx $flags "$project/main.cpp" $(package --libs) -o "$OUT/pkg-cpp-shared"
    $cc $flags "$project/main.c" $archive -o "$OUT/pkg-c-static"
    $cxx $flags "$project/main.cpp" $archive -o "$OUT/pkg-cpp-static"
    $cc -static $flags "$project/main.c" $(package --static --libs) -o "$OUT/pkg-c-all-static" 2> "$OUT/warnings" ||
        { cat "$OUT/warnings"; fail "a fully static program"; }
    run shared "$OUT/pkg-c-shared"
    run shared "$OUT/pkg-cpp-shared"
    run static "$OUT/pkg-c-static"
    run static "$OUT/pkg-cpp-static"
    run static "$OUT/pkg-c-all-static"
}

with_cmake() {
    cmake -S "$project" -B "$OUT/build" -DCMAKE_PREFIX_PATH="$moved" -DCMAKE_C_FLAGS="$warnings" \
        -DCMAKE_CXX_FLAGS="$warnings" > "$OUT/output" || { cat "$OUT/output"; fail "cmake"; }
    cmake --build "$OUT/build" > "$OUT/output" || { cat "$OUT/output"; fail "cmake --build"; }
    run shared "$OUT/build/c_wts_session"
    run shared "$OUT/build/cpp_wts_session"
    run static "$OUT/build/c_wts_session_static"
    run static "$OUT/build/cpp_wts_session_static"
}

rm -rf "$OUT"
mkdir -p "$project"
(umask 077 && PREFIX=/opt/wts DESTDIR=$OUT/stage "$here/../install.sh")
mv "$OUT/stage/opt/wts" "$moved"
cp "$here/../examples/readme.c" "$project/main.c"
cp "$here/plain.cpp" "$project/main.cpp"
cp "$here/install/CMakeLists.txt" "$project/"
check_tree
with_pkg_config
with_cmake
check_other_libdir

# Sourced: the readme program in C and one in C++, as somebody else's project.
project=/wts/given/c-project

# usage: with_pkg_config: shared and static, with each compiler that is here.
with_pkg_config() {
    local cc static
    static="$(pkg-config --variable=libdir wts_session)/libwts_session.a $(pkg-config --static --libs-only-l wts_session | sed 's/-lwts_session//')"
    for cc in gcc clang; do
        command -v "$cc" >/dev/null || continue
        "$cc" -Wall -Wextra -Werror $(pkg-config --cflags wts_session) "$project/main.c" $(pkg-config --libs wts_session) -o shared
        "$cc" -Wall -Wextra -Werror $(pkg-config --cflags wts_session) "$project/main.c" $static -o static
        [[ $(ldd static) != *libwts_session* ]] || fail "a static program needs the shared library"
        prints '"success":true' ./shared
        prints '"success":true' ./static
        passed "$1, $cc $("$cc" -dumpversion), pkg-config: a program with the static library has $(kilobytes static) KB"
    done
}

# usage: with_cmake NAME [OPTION...]
with_cmake() {
    local name=$1 program
    shift
    cmake -S "$project" -B build "$@" >output || { cat output; fail "cmake"; }
    cmake --build build >output || { cat output; fail "cmake --build"; }
    for program in c_wts_session c_wts_session_static; do prints '"success":true' "build/$program"; done
    for program in cpp_wts_session cpp_wts_session_static; do prints '^ok 1' "build/$program"; done
    passed "$name, CMake $(cmake --version | sed -n 's/cmake version //p')"
}

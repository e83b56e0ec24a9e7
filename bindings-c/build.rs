//! What the linker has to know about the shared library.

use std::env;

/// The number in the soname: raised when a program that was linked before would not work any more.
const ABI: u32 = 0;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if is_elf() {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libwts_session.so.{ABI}");
        // Threads of the library and destructors of thread-local values would run code that is no longer there.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}

fn is_elf() -> bool {
    let target = |name| env::var(name).unwrap_or_default();
    target("CARGO_CFG_TARGET_FAMILY") == "unix" && target("CARGO_CFG_TARGET_VENDOR") != "apple"
}

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    wts_stand_in::program()
}

//! The stand-in as a program, from outside: plain sockets on one side, its process on the other.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod access;
mod cases;
mod control;
mod faults;
mod http;
mod library;
mod limits;
mod operations;
mod program;
mod scripts;
mod stand_in;

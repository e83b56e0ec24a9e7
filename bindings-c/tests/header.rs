//! `include/wts_session.h` is what cbindgen makes of the source.

#![allow(clippy::unwrap_used, reason = "a test ends where it can't go on")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Set, it makes the test write the header instead of comparing it.
const UPDATE: &str = "UPDATE_HEADER";

/// The order of the functions in the header.
const SOURCES: [&str; 10] =
    ["code", "config", "cancellable", "options", "client", "bulk", "queue", "call", "error", "version"];

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn source(name: &str) -> PathBuf {
    here().join("src").join(name).with_extension("rs")
}

fn generated() -> String {
    let mut config = cbindgen::Config::from_file(here().join("cbindgen.toml")).unwrap();
    let prose = fs::read_to_string(here().join("header/prose.txt")).unwrap();
    let macros = fs::read_to_string(here().join("header/macros.h")).unwrap();
    config.header = Some(prose);
    config.after_includes = Some(filled(&macros));
    let builder = SOURCES.iter().fold(cbindgen::Builder::new().with_config(config), |b, name| b.with_src(source(name)));
    let mut header = Vec::new();
    builder.generate().unwrap().write(&mut header);
    String::from_utf8(header).unwrap()
}

fn filled(text: &str) -> String {
    [
        ("@VERSION@", env!("CARGO_PKG_VERSION")),
        ("@MAJOR@", env!("CARGO_PKG_VERSION_MAJOR")),
        ("@MINOR@", env!("CARGO_PKG_VERSION_MINOR")),
        ("@PATCH@", env!("CARGO_PKG_VERSION_PATCH")),
    ]
    .iter()
    .fold(text.replace("@FEATURES@", &feature_macros()), |text, (place, value)| text.replace(place, value))
}

/// The macros for the features that the manifest names.
fn feature_macros() -> String {
    let manifest: toml::Table = fs::read_to_string(here().join("Cargo.toml")).unwrap().parse().unwrap();
    let features = manifest["package"]["metadata"]["header"]["features"].as_array().unwrap();
    let name = |feature: &toml::Value| feature.as_str().unwrap().to_ascii_uppercase();
    features.iter().map(|feature| format!("#define WTS_HAS_{} 1", name(feature))).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_header_is_what_the_source_says() {
    let path = here().join("../include/wts_session.h");
    let generated = generated();
    if env::var_os(UPDATE).is_some() {
        fs::write(path, generated).unwrap();
        return;
    }
    let committed = fs::read_to_string(path).unwrap_or_default();
    let difference = committed.lines().zip(generated.lines()).find(|(old, new)| old != new);
    assert!(
        committed == generated,
        "include/wts_session.h is out of date; write it with {UPDATE}=1. First difference: {difference:?}"
    );
}

/// The functions of the header, each with the comment before it.
fn functions(header: &str) -> Vec<(String, String)> {
    let declarations = header.split("extern \"C\" {").nth(1).unwrap().split("#ifdef").next().unwrap();
    declarations
        .split("/**")
        .skip(1)
        .map(|text| text.split_once("*/").unwrap())
        .map(|(comment, declaration)| (comment.to_owned(), declaration.trim().to_owned()))
        .collect()
}

/// The names of the parameters of a declaration.
fn parameters(declaration: &str) -> Vec<&str> {
    let (_, list) = declaration.trim_end_matches(");").split_once('(').unwrap();
    list.split(',').filter(|parameter| *parameter != "void").map(last_word).collect()
}

fn last_word(parameter: &str) -> &str {
    parameter.rsplit([' ', '*']).next().unwrap()
}

#[test]
fn every_function_is_documented() {
    let functions = functions(&generated());
    assert!(functions.len() > 30, "{functions:?}");
    for (comment, declaration) in functions {
        assert!(declaration.ends_with(");"), "one comment, one function: {declaration}");
        assert!(comment.contains("Threads: "), "which threads may call {declaration}");
        for parameter in parameters(&declaration) {
            assert!(comment.contains(&format!("@param {parameter} ")), "{parameter} of {declaration}");
        }
    }
}

//! `include/wts_session.h` is what cbindgen makes of the source.

#![allow(clippy::unwrap_used, reason = "a test ends where it can't go on")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Set, it makes the test write the header instead of comparing it.
const UPDATE: &str = "UPDATE_HEADER";

/// The order of the functions in the header.
const SOURCES: [&str; 12] = [
    "convert",
    "code",
    "config",
    "cancellable",
    "options",
    "client",
    "bulk",
    "queue",
    "start",
    "call",
    "error",
    "version",
];

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn source(name: &str) -> PathBuf {
    here().join("src").join(name).with_extension("rs")
}

fn generated() -> String {
    let mut config = cbindgen::Config::from_file(here().join("cbindgen.toml")).unwrap();
    let overview = fs::read_to_string(here().join("header/overview.txt")).unwrap();
    let macros = fs::read_to_string(here().join("header/macros.h")).unwrap();
    config.header = Some(overview);
    config.after_includes = Some(filled(&macros));
    let builder = SOURCES.iter().fold(cbindgen::Builder::new().with_config(config), |b, name| b.with_src(source(name)));
    let mut header = Vec::new();
    builder.generate().unwrap().write(&mut header);
    with_enum_of_codes(&String::from_utf8(header).unwrap())
}

/// The header with the codes as an enum, beside the macros of their names: a parser of preprocessed C, as many languages
/// have one, sees no macros, and `#ifdef` sees no enum.
fn with_enum_of_codes(header: &str) -> String {
    let (codes, others): (Vec<&str>, Vec<&str>) = header.split("\n\n").partition(|part| code_of(part).is_some());
    let members = codes.iter().filter_map(|part| code_of(part)).map(|(comment, name, number)| {
        let comment = comment.lines().map(|line| format!("    {line}\n")).collect::<String>();
        format!("{comment}    {name} = {number},\n#define {name} {name}\n")
    });
    let members: String = members.collect();
    let types = "#ifdef __cplusplus\nextern \"C\" {";
    let list = format!(
        "/** The codes. Each is a macro too, so that a program can ask for it with #ifdef. */\nenum {{\n{members}}};"
    );
    others.join("\n\n").replacen(types, &format!("{list}\n\n{types}"), 1)
}

/// The comment, the name and the number of a code.
fn code_of(part: &str) -> Option<(&str, &str, &str)> {
    let (comment, definition) = part.split_once("#define WTS_")?;
    let (_, number) = definition.trim().split_once(' ')?;
    let is_code = comment.starts_with("/**") && number.bytes().all(|byte| byte.is_ascii_digit());
    let name = part[comment.len()..].split_whitespace().nth(1)?;
    is_code.then_some((comment, name, number))
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

//! The source files import each other in one direction.

#![allow(clippy::unwrap_used, reason = "a test ends where it can't go on")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

type Imports = BTreeMap<String, BTreeSet<String>>;

/// What each file imports of the others.
fn imports() -> Imports {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.file_name().unwrap() != "lib.rs")
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, imported(&fs::read_to_string(&path).unwrap()))
        })
        .collect()
}

fn imported(source: &str) -> BTreeSet<String> {
    let is_of_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    source
        .split("crate::")
        .skip(1)
        .map(|rest| rest.chars().take_while(|letter| is_of_name(*letter)).collect::<String>())
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn no_file_imports_itself_through_others() {
    let mut left = imports();
    assert!(left.len() > 10 && left["bulk"].contains("client"), "{left:?}");
    while !left.is_empty() {
        let known: BTreeSet<String> = left.keys().cloned().collect();
        let before = left.len();
        left.retain(|_, imported| !imported.is_disjoint(&known));
        assert!(left.len() < before, "a circle among {left:#?}");
    }
}

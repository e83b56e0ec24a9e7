#!/usr/bin/env python3
"""Writes what is kept elsewhere: into the docs the snippets of programs that the tests run, and from tests/errors.json the
table of errors, the kinds of core, and the codes of C and JavaScript.

In a Markdown file, the lines between `<!-- snippet: PATH -->` or `<!-- errors -->` and `<!-- end -->` are replaced.
With --check nothing is written, and a difference is a failure.
"""

import json
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = [
    "README.md",
    *(f"{folder}/README.md" for folder in ("bindings-c", "bindings-node", "bindings-python", "core")),
    *(f"docs/{page}.md" for page in ("errors", "n8n", "stand-in")),
    *(f"tests/stand-in/{language}/README.md" for language in ("node", "python")),
]
REGION = re.compile(r"(<!-- (snippet: (?P<path>\S+)|errors) -->\n).*?(<!-- end -->)", re.DOTALL)
FENCES = {".rs": "rust", ".py": "python", ".mjs": "js", ".cjs": "js", ".js": "js", ".c": "c"}


def snippet(path: str) -> str:
    """The lines between the marks [readme] and [/readme] of a program, or all where it has none, as a block of code."""
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    marks = [number for number, line in enumerate(lines) if "[readme]" in line or "[/readme]" in line]
    first, last = marks or (-1, len(lines))
    code = textwrap.dedent("\n".join(lines[first + 1 : last])).strip("\n")
    return f"```{FENCES[pathlib.Path(path).suffix]}\n{code}\n```\n"


def errors() -> str:
    """The table of error codes."""
    rows = json.loads((ROOT / "tests/errors.json").read_text(encoding="utf-8"))
    lines = ["| code | Python class | in C | when |", "| --- | --- | --- | --- |"]
    for row in rows:
        lines.append(f"| `{row['code']}` | `{row['python_class']}` | `{row['c_name']}` ({row['number']}) | {row['when']} |")
    return "\n".join(lines) + "\n"


def kinds() -> str:
    """core/src/error_kind.rs."""
    rows = json.loads((ROOT / "tests/errors.json").read_text(encoding="utf-8"))
    names = [(row["code"].title().replace("_", ""), row) for row in rows]
    lines = ["//! The kinds of errors. `make generate` writes this file from `tests/errors.json`.", ""]
    lines += ["/// What kind of failure an [`Error`](crate::Error) is.", "///"]
    lines += ["/// More kinds may come, so a `match` has a catch-all arm."]
    lines += ["#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]", "#[non_exhaustive]", "pub enum ErrorKind {"]
    for name, row in names:
        lines += [*textwrap.wrap(row["when"], 112, initial_indent="    /// ", subsequent_indent="    /// "), f"    {name},"]
    lines += ["}", "", "impl ErrorKind {", "    /// Every kind of this version, in the order of their numbers.", "    pub const ALL: &'static [Self] = &["]
    lines += [f"        Self::{name}," for name, _ in names]
    lines += ["    ];", "", "    /// The code that stands for this kind in every language, such as `missing_fields`."]
    lines += ["    pub const fn code(self) -> &'static str {", "        match self {"]
    lines += [f'            Self::{name} => "{row["code"]}",' for name, row in names]
    lines += ["        }", "    }", "", "    /// The number that stands for this kind in C; numbers are never reused.", "    #[doc(hidden)]"]
    lines += ["    pub const fn number(self) -> i32 {", "        match self {"]
    lines += [f"            Self::{name} => {row['number']}," for name, row in names]
    lines += ["        }", "    }", "", "    /// The name of the class that stands for this kind in Python.", "    #[doc(hidden)]"]
    lines += ["    pub const fn python_class(self) -> &'static str {", "        match self {"]
    lines += [f'            Self::{name} => "{row["python_class"]}",' for name, row in names]
    lines += ["        }", "    }", "}", ""]
    return "\n".join(lines)


def constants() -> str:
    """The constants of C."""
    lines = []
    for row in json.loads((ROOT / "tests/errors.json").read_text(encoding="utf-8")):
        lines += textwrap.wrap(row["when"], 116, initial_indent="/// ", subsequent_indent="/// ")
        lines += [f"pub const {row['c_name']}: Code = {row['number']};"]
    return "\n".join(lines) + "\n"


def constants_of_the_test() -> str:
    """The constants of C for the test that compares them."""
    rows = json.loads((ROOT / "tests/errors.json").read_text(encoding="utf-8"))
    return "".join(f"    CONSTANT({row['c_name']}),\n" for row in rows)


def union() -> str:
    """The codes of JavaScript's errors."""
    lines = []
    for row in json.loads((ROOT / "tests/errors.json").read_text(encoding="utf-8")):
        comment = textwrap.wrap(row["when"], 110)
        one = [f"  /** {comment[0]} */"]
        lines += one if len(comment) == 1 else ["  /**", *(f"   * {line}" for line in comment), "   */"]
        lines += [f"  | '{row['code']}'"]
    return "\n".join(lines) + ";\n"


# In code, the lines between `[codes]` and `[/codes]`.
CODES = {
    "bindings-c/src/code.rs": constants,
    "bindings-c/tests/codes.c": constants_of_the_test,
    "bindings-node/index.d.cts": union,
}
CODE_REGION = re.compile(r"(^[^\n]*\[codes\][^\n]*\n).*?(^[^\n]*\[/codes\][^\n]*\n)", re.DOTALL | re.MULTILINE)


def with_codes(path: str) -> str:
    """The file with its codes."""
    text = (ROOT / path).read_text(encoding="utf-8")
    made, count = CODE_REGION.subn(lambda region: region[1] + CODES[path]() + region[2], text)
    assert count == 1, f"{path} has {count} places for the codes"
    return made


def replaced(region: "re.Match[str]") -> str:
    content = snippet(region["path"]) if region["path"] else errors()
    return region[1] + content + region[4]


def main() -> int:
    stale = []
    generated = {ROOT / "core/src/error_kind.rs": kinds(), **{ROOT / path: with_codes(path) for path in CODES}}
    for path, text in generated.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.relative_to(ROOT))
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    for page in map(ROOT.joinpath, PAGES):
        before = page.read_text(encoding="utf-8")
        after = REGION.sub(replaced, before)
        if before != after:
            stale.append(page.relative_to(ROOT))
            if "--check" not in sys.argv:
                page.write_text(after, encoding="utf-8")
    if "--check" in sys.argv and stale:
        print("not up to date (make generate):", *stale, file=sys.stderr)
        return 1
    return 0


sys.exit(main())

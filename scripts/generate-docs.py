#!/usr/bin/env python3
"""Puts into the docs what is kept elsewhere: snippets of programs that the tests run, and the table of errors.

In a Markdown file, the lines between `<!-- snippet: PATH -->` or `<!-- errors -->` and `<!-- end -->` are replaced.
With --check nothing is written, and a difference is a failure.
"""

import json
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = ["README.md", "docs/errors.md", "docs/n8n.md"]
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


def replaced(region: "re.Match[str]") -> str:
    content = snippet(region["path"]) if region["path"] else errors()
    return region[1] + content + region[4]


def main() -> int:
    stale = []
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

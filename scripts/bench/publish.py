#!/usr/bin/env python3
"""Writes what was measured into the docs: `publish.py NAME...`, the names of the files of results.

In README.md and docs/design/performance.md, the lines between `<!-- bench -->` and `<!-- end -->` are replaced; the
second one has the goals too. Figures of a run with SHORT or ONLY are printed only.
"""

from __future__ import annotations

import re
import sys

import results
import table
from machine import ROOT

MARKS = re.compile(r"(<!-- bench -->\n)(.*?)(<!-- end -->)", re.DOTALL)
#: Each with whether it shows the goals.
PAGES = {"README.md": False, "docs/design/performance.md": True}


def main() -> None:
    files = [results.read(name) for name in sys.argv[1:]]
    is_partial = any(lines[0]["is_partial"] for lines in files)
    for page, with_goals in PAGES.items():
        text = table.of_all(files, with_goals=with_goals)
        if is_partial:
            print(f"for {page}, if all had been measured:\n\n{text}")
        else:
            replace(page, text)


def replace(page: str, text: str) -> None:
    path = ROOT / page
    before, *rest = MARKS.split(path.read_text())
    if len(rest) != 4:
        sys.exit(f"{page} needs one place for the figures")
    begin, _, end, after = rest
    path.write_text(f"{before}{begin}{text}\n{end}{after}")


if __name__ == "__main__":
    main()

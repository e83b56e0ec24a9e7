#!/usr/bin/env python3
"""Writes THIRD-PARTY-NOTICES.txt for each artefact: which crates are compiled into it, and the texts of their licences.

The texts come from cargo-about, which takes minutes to compile, so the files are committed. Their heads list the crates; with
--check the lists are compared with what cargo says, and nothing is written. Beside the notices of the Python packages stand their
bills of materials, which go into the wheels.
"""

from __future__ import annotations

import ast
import json
import pathlib
import re
import subprocess
import sys
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAME = "THIRD-PARTY-NOTICES.txt"
# Folder of the artefact, and the package that it is built from.
ARTEFACTS = {
    "bindings-c": "wts-session-c",
    "bindings-node": "wts-session-node",
    "bindings-python": "wts-session-python",
    "tests/stand-in": "wts-stand-in",
}
BILL = "sbom.cdx.json"
# What is also a package of Python, by its name there.
WHEELS = {"bindings-python": "wts-session", "tests/stand-in": "wts-stand-in"}
RULE = "=" * 100
HEAD = """\
What is compiled into this software besides its own code, which is under MIT or Apache-2.0.

It was made from the crates below, for one or another of its platforms, and from the standard library of Rust (https://www.rust-lang.org,
MIT or Apache-2.0). Behind the list are the texts of their licences. Where a crate leaves the choice, the first that this list of
licences has was chosen: {accepted}.

"""


class Crate(NamedTuple):
    name: str
    version: str
    licence: str


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def setting(name: str) -> list[str]:
    """A list of about.toml. Python before 3.11 has no parser for it."""
    match = re.search(rf"^{name} = (\[.*?\])", text_of("about.toml"), re.DOTALL | re.MULTILINE)
    assert match, name
    return list(ast.literal_eval(match[1]))


def output(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def crates(package: str) -> list[Crate]:
    """What is compiled into an artefact on any of its platforms, macros included."""
    targets = [word for target in setting("targets") for word in ("--target", target)]
    shape = ("--edges", "normal", "--prefix", "none", "--no-dedupe", "--format", "{p}|{l}")
    lines = output("cargo", "tree", "--locked", "--package", package, *targets, *shape).splitlines()
    ours = re.compile(r"\((?!proc-macro)")
    rows = {line for line in lines if line and not ours.search(line)}
    found = [re.fullmatch(r"(\S+) v(\S+)(?: \(proc-macro\))?\|(.+)", row) for row in rows]
    assert all(found), rows
    return sorted({Crate(*match.groups()) for match in found if match})


def listed(folder: str) -> str:
    """The head of the notices that are committed."""
    return text_of(f"{folder}/{NAME}").partition(RULE)[0] if (ROOT / folder / NAME).exists() else ""


def head(package: str) -> str:
    rows = [f"{crate.name} {crate.version} ({crate.licence})" for crate in crates(package)]
    return HEAD.format(accepted=", ".join(setting("accepted"))) + "\n".join(rows) + "\n\n"


def texts(folder: str, package: str) -> str:
    """The texts of the licences, each with the crates that it is for."""
    about = output("cargo", "about", "generate", "--frozen", "--fail", "--manifest-path", f"{folder}/Cargo.toml", "--format", "json")
    wanted = {(crate.name, crate.version) for crate in crates(package)}
    parts = []
    for licence in json.loads(about)["licenses"]:
        users = sorted({(user["crate"]["name"], user["crate"]["version"]) for user in licence["used_by"]} & wanted)
        if users:
            names = ", ".join(f"{name} {version}" for name, version in users)
            text = "\n".join(line.rstrip() for line in licence["text"].strip("\n").splitlines())
            parts.append((licence["id"], users, f"{RULE}\n{licence['name']}\n\nfor {names}\n\n{text}\n\n"))
    missing = wanted - {user for _, users, _ in parts for user in users}
    assert not missing, f"cargo-about has no text for {missing}"
    return "".join(part for *_, part in sorted(parts))


def bill(folder: str) -> str:
    """The bill of materials of a Python package, in the form of CycloneDX; without the time and place of its making."""
    version = re.findall(r'^version = "(.+)"$', text_of("Cargo.toml"), re.MULTILINE)[0]
    locked = re.compile(r'^name = "(.+)"\nversion = "(.+)"\nsource = ".+"\nchecksum = "(.+)"$', re.MULTILINE)
    sums = {(name, number): digest for name, number, digest in locked.findall(text_of("Cargo.lock"))}
    components = [
        {
            "type": "library",
            "bom-ref": f"pkg:cargo/{crate.name}@{crate.version}",
            "name": crate.name,
            "version": crate.version,
            "hashes": [{"alg": "SHA-256", "content": sums[crate.name, crate.version]}],
            "licenses": [{"expression": crate.licence.replace("/", " OR ")}],
            "purl": f"pkg:cargo/{crate.name}@{crate.version}",
        }
        for crate in crates(ARTEFACTS[folder])
    ]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": f"pkg:pypi/{WHEELS[folder]}@{version}",
                "name": WHEELS[folder],
                "version": version,
                "licenses": [{"expression": "MIT OR Apache-2.0"}],
                "purl": f"pkg:pypi/{WHEELS[folder]}@{version}",
            }
        },
        "components": components,
    }
    return json.dumps(document, indent=1) + "\n"


def check() -> int:
    stale = [f"{folder}/{NAME}" for folder, package in ARTEFACTS.items() if listed(folder) != head(package)]
    for folder in WHEELS:
        path = ROOT / folder / BILL
        if not path.exists() or path.read_text(encoding="utf-8") != bill(folder):
            stale.append(f"{folder}/{BILL}")
    if stale:
        print("not up to date (make notices):", *stale, file=sys.stderr)
    return len(stale)


def main() -> int:
    if "--check" in sys.argv:
        return check()
    for folder, package in ARTEFACTS.items():
        if listed(folder) != head(package):
            (ROOT / folder / NAME).write_text(head(package) + texts(folder, package), encoding="utf-8")
    for folder in WHEELS:
        (ROOT / folder / BILL).write_text(bill(folder), encoding="utf-8")
    return 0


sys.exit(main())

#!/usr/bin/env python3
"""Lists the public items of the Rust crate, from rustdoc's JSON on the standard input. Hidden items are not public."""

import json
import sys

doc = json.load(sys.stdin)
index = doc["index"]
lines = set()


def item_of(identifier):
    return index.get(str(identifier))


def is_hidden(item):
    return any("hidden" in str(attribute) and "doc" in str(attribute) for attribute in item["attrs"])


def walk(item, path):
    if item is None or item["visibility"] not in ("public", "default") or is_hidden(item):
        return
    ((kind, inner),) = item["inner"].items()
    if kind == "use":
        target = item_of(inner["id"])
        if target is not None:
            walk_named(target, path, inner["name"])
        return
    walk_named(item, path, item["name"])


def walk_named(item, path, name):
    ((kind, inner),) = item["inner"].items()
    path = f"{path}::{name}" if path else name
    lines.add(f"{kind} {path}")
    if kind == "module":
        for child in inner["items"]:
            walk(item_of(child), path)
    if kind == "struct" and isinstance(inner["kind"], dict) and "plain" in inner["kind"]:
        for field in map(item_of, inner["kind"]["plain"]["fields"]):
            if field is not None and field["visibility"] == "public":
                lines.add(f"field {path}::{field['name']}")
    if kind == "enum":
        for variant in map(item_of, inner["variants"]):
            lines.add(f"variant {path}::{variant['name']}")
    for identifier in inner.get("impls", []) if kind in ("struct", "enum") else []:
        implementation(item_of(identifier)["inner"]["impl"], path)


def implementation(impl, path):
    if impl["is_synthetic"] or impl["blanket_impl"] is not None:
        return
    if impl["trait"] is not None:
        lines.add(f"impl {impl['trait']['path']} for {path}")
        return
    for member in map(item_of, impl["items"]):
        if member is not None and member["visibility"] == "public" and not is_hidden(member):
            lines.add(f"{next(iter(member['inner']))} {path}::{member['name']}")


walk_named(item_of(doc["root"]), "", "wts_session")
print(*sorted(lines), sep="\n")

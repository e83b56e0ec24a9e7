#!/usr/bin/env python3
"""Lists the public items of the Rust crate with their types, from rustdoc's JSON on the standard input.

Hidden items are not public. A line that changes or goes away is a change that users may have to follow.
"""

import json
import sys

doc = json.load(sys.stdin)
index = doc["index"]
lines = set()


def item_of(identifier):
    return index.get(str(identifier))


def is_hidden(item):
    return any("hidden" in str(attribute) and "doc" in str(attribute) for attribute in item["attrs"])


def marks(item):
    """The attributes that users feel."""
    found = [mark for mark in ("non_exhaustive", "must_use") if any(mark in str(it) for it in item["attrs"])]
    return "".join(f" #[{mark}]" for mark in found)


def shown(value):
    """A type, a bound or a list of arguments as text."""
    if value is None:
        return "()"
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(map(shown, value))
    if not isinstance(value, dict):
        return str(value)
    if len(value) > 1:
        return shown_record(value)
    ((kind, inner),) = value.items()
    match kind:
        case "resolved_path" | "trait_bound" | "qualified_path" | "dyn_trait":
            return shown_record(inner)
        case "primitive" | "generic" | "lifetime" | "outlives":
            return shown(inner)
        case "borrowed_ref":
            return f"&{'mut ' if inner['is_mutable'] else ''}{shown(inner['type'])}"
        case "impl_trait":
            return "impl " + " + ".join(map(shown, inner))
        case "tuple":
            return f"({shown(inner)})"
        case "slice":
            return f"[{shown(inner)}]"
        case "array":
            return f"[{shown(inner['type'])}; {inner['len']}]"
        case "type" | "equality" | "term":
            return shown(inner)
        case _:
            return f"{kind}({shown(inner)})"


def shown_record(value):
    if "path" in value:
        return value["path"] + arguments(value.get("args"))
    if "trait" in value and "modifier" in value:
        return shown_record(value["trait"])
    if "self_type" in value:
        return f"<{shown(value['self_type'])}>::{value['name']}"
    if "traits" in value:
        return "dyn " + " + ".join(shown_record(it["trait"]) for it in value["traits"])
    if "binding" in value:
        return f"{value['name']} = {shown(value['binding'])}"
    known = {name: it for name, it in value.items() if name not in ("id", "generic_params")}
    return ", ".join(f"{name}: {shown(it)}" for name, it in known.items())


def arguments(args):
    given = (args or {}).get("angle_bracketed")
    if given:
        parts = [*map(shown, given["args"]), *map(shown, given["constraints"])]
        return f"<{', '.join(parts)}>" if parts else ""
    given = (args or {}).get("parenthesized")
    return f"({shown(given['inputs'])}) -> {shown(given['output'])}" if given else ""


def signature(function):
    sig = function["sig"]
    inputs = ", ".join(f"{name}: {shown(kind)}" for name, kind in sig["inputs"])
    bounds = "; ".join(shown(it) for it in function["generics"]["where_predicates"])
    return f"({inputs}) -> {shown(sig['output'])}" + (f" where {bounds}" if bounds else "")


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
    detail = f" = {shown(inner['type'])}" if kind in ("type_alias", "constant") else ""
    lines.add(f"{kind} {path}{detail}{marks(item)}")
    if kind == "module":
        for child in inner["items"]:
            walk(item_of(child), path)
    if kind == "struct" and isinstance(inner["kind"], dict) and "plain" in inner["kind"]:
        fields(inner["kind"]["plain"]["fields"], path)
    if kind == "enum":
        for variant in map(item_of, inner["variants"]):
            if is_hidden(variant):
                continue
            lines.add(f"variant {path}::{variant['name']}")
            shape = variant["inner"]["variant"]["kind"]
            if isinstance(shape, dict):
                ((_, content),) = shape.items()
                fields(content["fields"] if isinstance(content, dict) else content, f"{path}::{variant['name']}")
    for identifier in inner.get("impls", []) if kind in ("struct", "enum") else []:
        implementation(item_of(identifier)["inner"]["impl"], path)


def fields(identifiers, path):
    for field in map(item_of, identifiers):
        if field is not None and field["visibility"] in ("public", "default"):
            lines.add(f"field {path}::{field['name']}: {shown(field['inner']['struct_field'])}")


def implementation(impl, path):
    if impl["blanket_impl"] is not None:
        return
    if impl["trait"] is not None:
        negative = "!" if impl["is_negative"] else ""
        if not impl["is_synthetic"] or impl["trait"]["path"] in ("Send", "Sync"):
            lines.add(f"impl {negative}{shown_record(impl['trait'])} for {path}")
        return
    for member in map(item_of, impl["items"]):
        if member is None or member["visibility"] != "public" or is_hidden(member):
            continue
        ((kind, inner),) = member["inner"].items()
        detail = signature(inner) if kind == "function" else f": {shown(inner['type'])}"
        kind = "async function" if kind == "function" and inner["header"]["is_async"] else kind
        lines.add(f"{kind} {path}::{member['name']}{detail}{marks(member)}")


walk_named(item_of(doc["root"]), "", "wts_session")
print(*sorted(lines), sep="\n")

"""Completes the sessions of a CSV file, whose column ``session_id`` names them.

``python close_stale_sessions.py stale.csv [failures.csv]`` shows a progress bar, and writes the sessions that failed to
the standard error and, where it is given, to a second CSV file, which can be the input of the next run. It ends with 1
if there were any. Ctrl-C ends it early: what was not done by then counts as failed.

The file may be as Excel writes it: with commas, semicolons or tabs, with a first line ``sep=;``, in UTF-8, UTF-16 or
Windows-1252, and with a column ``Session ID``. The failures are written in the same way. A session that is named twice
is completed once, and an invalid one fails alone.
"""

from __future__ import annotations

import argparse
import codecs
import csv
import io
import re
import signal
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from tqdm import tqdm
from wts_session import Client, CompletedSession, Failed, Outcome, WtsError, outcomes_of

BYTE_ORDER_MARKS = [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")]
DELIMITERS = ",;\t|"
SEPARATOR_LINE = re.compile(r'"?sep=([^\w\s"]|\t)"? *(\r\n|\r|\n|$)', re.IGNORECASE)


class UnreadableError(Exception):
    """The file is not what it should be; the text of the error says what it is."""


class Format(NamedTuple):
    """How a CSV file is written."""

    byte_order_mark: bytes
    encoding: str
    separator_line: str
    delimiter: str
    line_end: str


class Sheet(NamedTuple):
    """A CSV file: how it is written, its header and its other rows."""

    format: Format
    header: list[str]
    rows: list[list[str]]


def read_sheet(path: str) -> Sheet:
    with open(path, "rb") as file:
        byte_order_mark, encoding, text = decoded(file.read())
    separator = SEPARATOR_LINE.match(text)
    separator_line = separator[0] if separator else ""
    text = text[len(separator_line) :]
    delimiter = separator[1] if separator else likely_delimiter(text)
    line_end = re.search(r"\r\n|\r|\n", separator_line + text)
    rows = list(filled_rows(text, delimiter))
    if not rows:
        raise UnreadableError("is empty")
    written = Format(byte_order_mark, encoding, separator_line, delimiter, line_end[0] if line_end else "\n")
    return Sheet(written, rows[0], rows[1:])


def decoded(content: bytes) -> tuple[bytes, str, str]:
    """The byte order mark, the encoding and the text of a file."""
    marks = [(mark, encoding) for mark, encoding in BYTE_ORDER_MARKS if content.startswith(mark)]
    for mark, encoding in marks or [(b"", "utf-8"), (b"", "cp1252")]:
        try:
            text = content[len(mark) :].decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return mark, encoding, text
    raise UnreadableError("is not text: save it as CSV, in UTF-8, UTF-16 with a byte order mark, or Windows-1252")


def likely_delimiter(text: str) -> str:
    """The delimiter that gives a column ``session_id``, or else the most columns."""

    def header(delimiter: str) -> list[str]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            return next(row for row in reader if any(row))
        except (csv.Error, StopIteration):
            return []

    return max(DELIMITERS, key=lambda each: (id_column(header(each)) is not None, len(header(each))))


def filled_rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """The rows that are not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from (row for row in reader if any(cell.strip() for cell in row))
    except csv.Error as error:
        raise UnreadableError(f"is not CSV: line {reader.line_num}: {error}") from error


def id_column(header: list[str]) -> int | None:
    """Where ``session_id`` is, which is also written ``Session ID`` or ``sessionId``."""
    names = [re.sub(r"[\W_]", "", name).lower() for name in header]
    return names.index("sessionid") if "sessionid" in names else None


def ids_of(sheet: Sheet) -> list[str]:
    column = id_column(sheet.header)
    if column is None:
        raise UnreadableError(f"has no column session_id; its columns are {', '.join(map(repr, sheet.header))}")
    return [row[column].strip() if column < len(row) else "" for row in sheet.rows]


def write_failures(path: str, failed: list[Failed], written: Format) -> None:
    text = io.StringIO(newline="")
    text.write(written.separator_line)
    writer = csv.writer(text, delimiter=written.delimiter, lineterminator=written.line_end, quoting=csv.QUOTE_ALL)
    writer.writerow(["session_id", "code", "error", "may_have_been_applied"])
    for outcome in failed:
        error = outcome.error
        writer.writerow([outcome.session_id, error.code, error, error.may_have_been_applied])
    with open(path, "wb") as file:
        file.write(written.byte_order_mark + text.getvalue().encode(written.encoding, "backslashreplace"))


def close(ids: list[str]) -> list[Outcome[CompletedSession]]:
    with Client() as client, tqdm(total=len(ids), unit=" sessions") as bar:

        def interrupt(*_: Any) -> None:
            # Once is enough: what comes now is told and written, however often Ctrl-C is pressed.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            if bar.n < len(ids):
                raise KeyboardInterrupt

        signal.signal(signal.SIGINT, interrupt)
        try:
            return client.complete_sessions(ids, on_progress=lambda done, total: bar.update(done - bar.n))
        except KeyboardInterrupt as interruption:
            outcomes = outcomes_of(interruption)
            if outcomes is None:  # Nothing was sent.
                raise
            return outcomes


def run(sessions: str, failures: str | None) -> int:
    sheet = read_sheet(sessions)
    ids = ids_of(sheet)
    unique = list(dict.fromkeys(ids))
    if len(unique) < len(ids):
        print(f"{len(ids) - len(unique)} of {len(ids)} rows repeat a session; it is completed once", file=sys.stderr)
    outcomes = close(unique)
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    for outcome in failed:
        print(f"{outcome.session_id!r}: {outcome.error}", file=sys.stderr)
    print(f"{len(outcomes) - len(failed)} of {len(outcomes)} sessions completed")
    if failures is not None:
        write_failures(failures, failed, sheet.format)
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Completes the sessions of a CSV file.")
    parser.add_argument("sessions", help="a CSV file with a column session_id")
    parser.add_argument("failures", nargs="?", help="where the sessions that failed are written")
    arguments = parser.parse_args()
    try:
        return run(arguments.sessions, arguments.failures)
    except UnreadableError as error:
        print(f"{arguments.sessions} {error}", file=sys.stderr)
    except WtsError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted; nothing was sent", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

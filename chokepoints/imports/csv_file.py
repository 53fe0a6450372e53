"""Reading CSV: UTF-8 with or without a byte order mark, or GB18030 where that is declared; comma, semicolon or tab."""

import csv
import io
from itertools import islice

from .tables import FileRefused, Meter, Table, fit_line, is_blank, read_head

ENCODINGS = {"utf-8": "UTF-8", "gb18030": "GB18030 (also GBK, GB2312)"}
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
_OTHER_MARKS = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"PK": "a zip",
    b"\xd0\xcf\x11\xe0": "an old or encrypted Office file",
}


def read_csv(data: bytes, *, name: str, meter: Meter, encoding: str = "utf-8", delimiter: str = "") -> Table:
    """Return the one table of a CSV file. Without a delimiter it is found out from the head. Raises FileRefused."""
    text = _decoded(data, encoding)
    delimiter = delimiter or find_delimiter(text)
    # newline="": the reader itself keeps line breaks inside cells as they are
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number, table = 0, None
    try:
        for cells in reader:
            number += 1
            if is_blank(cells):
                meter.tick()
                continue
            if table is None:
                table = Table(name, read_head(cells, f"Row {number}", meter))
                continue
            meter.check_width(len(cells), f"Row {number}")
            meter.count(cells, f"Row {number}")
            table.lines.append(fit_line(number, cells, table.columns))
    except csv.Error as error:
        raise FileRefused(
            f"After row {number} the file isn't CSV any more ({error}). Often a quotation mark isn't closed or not doubled."
        ) from error
    if table is None:
        raise FileRefused("The file is empty.")
    return table


def _decoded(data: bytes, encoding: str) -> str:
    for mark, words in _OTHER_MARKS.items():
        if data.startswith(mark):
            raise FileRefused(
                f"This isn't CSV in {ENCODINGS[encoding]}; it looks like {words}. Save it as CSV UTF-8."
            )
    try:
        text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        other = "GB18030" if encoding == "utf-8" else "UTF-8"
        raise FileRefused(
            f"Byte {error.start + 1:,} isn't {ENCODINGS[encoding]}. If the file is in {other}, say so; else save it as CSV UTF-8."
        ) from error
    if "\x00" in text:
        raise FileRefused("The file holds NUL characters, which no text has. Save it as CSV UTF-8.")
    return text.removeprefix("\ufeff")


def find_delimiter(text: str) -> str:
    """Return the delimiter that makes the most columns of the head; a comma if none makes more than one."""
    best, most = ",", 1
    for delimiter in DELIMITERS:
        try:
            rows = islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1000)
            width = next((len(row) for row in rows if not is_blank(row)), 0)
        except csv.Error:
            continue
        if width > most:
            best, most = delimiter, width
    return best

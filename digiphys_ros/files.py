# Copyright 2026 digiphys_ros contributors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Read files that somebody else may have made: of a limited size, and never a pipe or device."""

from collections.abc import Iterator, Mapping
import csv
import errno
import io
import json
import math
import os
from pathlib import Path
import re
import stat
import struct
from typing import Any, BinaryIO

CONFIG_BYTES = 256 << 10
"""Of a YAML file: the largest one shipped has 7 kB, and PyYAML reads 256 kB in some seconds."""
TEXT_BYTES = 16 << 20
"""Of a JSON or text file: a manifest of a million samples is larger than most of them."""
DATA_BYTES = 256 << 20
"""Of an image or a table: an image of the most pixels that are decoded has 200 MB."""
MOST_PIXELS = 1 << 26
"""Of an image that is decoded, 8192x8192: in colours 201 MB. The next cameras have 61 million."""
MODEL_BYTES = 4 << 30
"""Of one file of a model: more than a robot's memory holds beside its other programs."""
SEPARATORS = (',', ';', '\t', '|')
"""Of the values in a CSV."""
REASON_LENGTH = 500
DEPTH = 50
"""Of lists and mappings inside each other; no file of this package has more than ten."""

UNREADABLE = (ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError,
              OSError, RuntimeError, TypeError, ValueError, struct.error)
"""What a parser raises for a damaged or hostile file, RecursionError and UnicodeError included."""

_KINDS = {stat.S_IFIFO: 'a named pipe', stat.S_IFCHR: 'a device', stat.S_IFBLK: 'a device',
          stat.S_IFDIR: 'a folder', stat.S_IFSOCK: 'a socket'}


def check_regular_file(path: str | Path) -> None:
    """
    Refuse what is no regular file: to open a named pipe waits for ever, a device never ends.

    :raises OSError: naming what is there.
    """
    _check_mode(os.stat(path).st_mode)


def open_regular(path: str | Path, limit: int) -> BinaryIO:
    """
    Open a regular file to read.

    :param limit: the most bytes that it may have.
    :raises OSError: when something else is there, or the file is larger.
    """
    # without O_NONBLOCK, opening a named pipe waits for somebody who writes
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        _check_mode(status.st_mode)
        if status.st_size > limit:
            raise _too_large(status.st_size, limit)
        return os.fdopen(descriptor, 'rb')
    except BaseException:
        os.close(descriptor)
        raise


def read_bytes(path: str | Path, limit: int = DATA_BYTES) -> bytes:
    """
    Return the content of a regular file.

    :param limit: the most bytes that it may have.
    :raises OSError: when it cannot be read, is something else, or is larger.
    """
    with open_regular(path, limit) as file:
        size = os.fstat(file.fileno()).st_size
        # a read reserves all that it asks for
        content = file.read(size + 1)
        if len(content) > size:
            # it grew meanwhile, or is one of the system's, which have no size
            content += file.read(limit + 1 - len(content))
    if len(content) > limit:
        raise _too_large(len(content), limit)
    return content


def read_text(path: str | Path, limit: int = TEXT_BYTES) -> str:
    """
    Return the content of a text file.

    :raises OSError: as ``read_bytes``.
    :raises UnicodeDecodeError: when it is not UTF-8.
    """
    return read_bytes(path, limit).decode('utf-8')


def parse_json(text: str | bytes, depth: int = DEPTH, *, finite: bool = False) -> Any:
    """
    Return what a JSON text holds.

    :param depth: how deep lists and objects may be nested.
    :param finite: whether to refuse numbers that are none or too large: NaN, Infinity, 1e999.
    :raises ValueError: when it is no JSON, a key is given twice in one object, it is nested
        deeper, or a text holds half of a character.
    """
    try:
        value = json.loads(text, object_pairs_hook=unique_keys)
    except RecursionError:
        raise ValueError(f'its brackets are nested deeper than {depth}') from None
    _check_values(value, depth, finite)
    return value


def unique_keys(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    """
    Return the keys and values of a JSON object; of a key given twice, readers keep either.

    :raises ValueError: naming the key that is given twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f'the key {twice[:80]!r} is given twice')
    return found


def csv_dialect(text: str) -> str:
    """Return what separates the values in a CSV: comma, semicolon, tab or bar."""
    names = re.sub('"[^"]*"', '', _body(text).partition('\n')[0])
    return max(SEPARATORS, key=names.count)


def limit_opencv() -> None:
    """Let OpenCV refuse more than ``MOST_PIXELS`` too; it reads this once, when it is loaded."""
    os.environ.setdefault('OPENCV_IO_MAX_IMAGE_PIXELS', str(MOST_PIXELS))


def csv_columns(text: str, delimiter: str = ',') -> list[str]:
    """
    Return the names in the first line of a CSV, without blanks around them.

    :raises csv.Error: when it is no CSV.
    """
    return _stripped(next(_reader(text, delimiter), []))


def csv_rows(text: str, delimiter: str = ',') -> Iterator[dict[str, str]]:
    """
    Yield the rows of a CSV by the names in its first line; lines without any value are left out.

    Blanks around a value are no part of it.

    :raises csv.Error: when a row has more or fewer values than there are columns, or it is no CSV.
    """
    reader = _reader(text, delimiter)
    columns = _stripped(next(reader, []))
    if len(set(columns)) < len(columns):
        raise csv.Error('a column is named twice')
    for row in reader:
        # filled up with nothing, a million short rows of a wide table would need all memory
        if row and len(row) != len(columns):
            raise csv.Error(f'line {reader.line_num} has {len(row)} values, and the first line '
                            f'names {len(columns)} columns')
        if any(value.strip() for value in row):
            yield dict(zip(columns, _stripped(row), strict=True))


def _reader(text: str, delimiter: str) -> Any:
    return csv.reader(io.StringIO(_body(text)), delimiter=delimiter, skipinitialspace=True)


def _body(text: str) -> str:
    """Return a CSV without the line `sep=;` that Excel puts before the names."""
    first, _, rest = text.partition('\n')
    return rest if re.fullmatch(r'"?sep=.?"?\s*', first, re.IGNORECASE) else text


def _stripped(values: list[str]) -> list[str]:
    return [value.strip() for value in values]


def reason_of(error: Exception) -> str:
    """Return why a file cannot be read, in one line without its name."""
    reason = ' '.join(str(getattr(error, 'strerror', None) or error).split())
    # some libraries show what they read
    return reason[:REASON_LENGTH].rstrip('.') or type(error).__name__


def megabytes(size: float) -> str:
    """Return a size for people."""
    return f'{size / 1e6:,.1f} MB'


def _check_mode(mode: int) -> None:
    if not stat.S_ISREG(mode):
        found = _KINDS.get(stat.S_IFMT(mode), 'no regular file')
        raise OSError(errno.EINVAL, f'a regular file is needed, and this is {found}')


def _too_large(size: int, limit: int) -> OSError:
    return OSError(errno.EFBIG, f'it has {megabytes(size)}, and at most {megabytes(limit)} are '
                   'read')


def _check_values(value: Any, most: int, finite: bool) -> None:
    """Look for depth and for halves of characters, which no file and no terminal takes."""
    waiting = [(value, 0)]
    while waiting:
        one, depth = waiting.pop()
        if depth > most:
            raise ValueError(f'its brackets are nested deeper than {most}')
        if isinstance(one, dict):
            waiting += [(part, depth + 1) for pair in one.items() for part in pair]
        elif isinstance(one, list):
            waiting += [(part, depth + 1) for part in one]
        elif isinstance(one, str):
            check_characters(one)
        elif finite and isinstance(one, float) and not math.isfinite(one):
            raise ValueError(f'it holds the number {one}')


def check_characters(text: str) -> None:
    """
    Refuse halves of characters.

    :raises ValueError: for a lone surrogate, which UTF-8 cannot hold.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        part = text[max(error.start - 20, 0):error.end + 20]
        raise ValueError(f'the text {part!r} holds half of a character (a lone surrogate)'
                         ) from error

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

"""Read untrusted files: of a limited size, and never from a pipe or device."""

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
"""Limit of a YAML file: the largest shipped one has 7 kB; PyYAML reads 256 kB in seconds."""
TEXT_BYTES = 16 << 20
"""Limit of a JSON or text file."""
DATA_BYTES = 256 << 20
"""Limit of an image or table file: the largest image that is decoded has 200 MB."""
MOST_PIXELS = 1 << 26
"""Limit of an image to decode, 8192x8192: 201 MB in color. Large cameras have 61 million."""
MODEL_BYTES = 4 << 30
"""Limit of one file of a model: more than the free memory of a robot."""
SEPARATORS = (',', ';', '\t', '|')
"""Separators of the values in a CSV."""
REASON_LENGTH = 500
DEPTH = 50
"""Deepest nesting of lists and mappings; no file of this package has more than ten."""

UNREADABLE = (ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError,
              OSError, RuntimeError, TypeError, ValueError, struct.error)
"""Exceptions of parsers for damaged or hostile files, with RecursionError and UnicodeError."""

_KINDS = {stat.S_IFIFO: 'a named pipe', stat.S_IFCHR: 'a device', stat.S_IFBLK: 'a device',
          stat.S_IFDIR: 'a folder', stat.S_IFSOCK: 'a socket'}


def check_regular_file(path: str | Path) -> None:
    """
    Refuse anything but a regular file: opening a named pipe blocks, a device never ends.

    :raises OSError: naming the type of the file.
    """
    _check_mode(os.stat(path).st_mode)


def open_regular(path: str | Path, limit: int) -> BinaryIO:
    """
    Open a regular file to read.

    :param limit: maximum size in bytes.
    :raises OSError: when it is not a regular file, or is larger.
    """
    # without O_NONBLOCK, opening a named pipe waits for a writer
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

    :param limit: maximum size in bytes.
    :raises OSError: when it cannot be read, is not a regular file, or is larger.
    """
    with open_regular(path, limit) as file:
        size = os.fstat(file.fileno()).st_size
        # a read allocates all that it asks for
        content = file.read(size + 1)
        if len(content) > size:
            # it grew meanwhile, or is a system file without a size
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
    Return the content of a JSON text.

    :param depth: how deep lists and objects may be nested.
    :param finite: whether to refuse NaN, Infinity and numbers that are too large, such as 1e999.
    :raises ValueError: when it is not JSON, repeats a key in one object, is nested deeper, or
        contains half of a character.
    """
    try:
        value = json.loads(text, object_pairs_hook=unique_keys)
    except RecursionError:
        raise ValueError(f'its brackets are nested deeper than {depth}') from None
    _check_values(value, depth, finite)
    return value


def unique_keys(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    """
    Return the keys and values of a JSON object; readers differ in which repeated key they keep.

    :raises ValueError: naming the repeated key.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f'the key {twice[:80]!r} is given twice')
    return found


def csv_dialect(text: str) -> str:
    """Return the separator of the values in a CSV: comma, semicolon, tab or bar."""
    names = re.sub('"[^"]*"', '', _body(text).partition('\n')[0])
    return max(SEPARATORS, key=names.count)


def limit_opencv() -> None:
    """Make OpenCV refuse more than ``MOST_PIXELS`` too; it reads this once, when it is loaded."""
    os.environ.setdefault('OPENCV_IO_MAX_IMAGE_PIXELS', str(MOST_PIXELS))


def csv_columns(text: str, delimiter: str = ',') -> list[str]:
    """
    Return the names in the first line of a CSV, without blanks around them.

    :raises csv.Error: when it is not a CSV.
    """
    return _strip(next(_reader(text, delimiter), []))


def csv_rows(text: str, delimiter: str = ',') -> Iterator[dict[str, str]]:
    """
    Yield the rows of a CSV by the names in its first line; empty lines are skipped.

    Blanks around a value are removed.

    :raises csv.Error: when a row has more or fewer values than columns, or it is not a CSV.
    """
    reader = _reader(text, delimiter)
    columns = _strip(next(reader, []))
    if len(set(columns)) < len(columns):
        raise csv.Error('a column is named twice')
    for row in reader:
        # a million short rows of a wide table, padded, would need all memory
        if row and len(row) != len(columns):
            raise csv.Error(f'line {reader.line_num} has {len(row)} values, and the first line '
                            f'names {len(columns)} columns')
        if any(value.strip() for value in row):
            yield dict(zip(columns, _strip(row), strict=True))


def _reader(text: str, delimiter: str) -> Any:
    return csv.reader(io.StringIO(_body(text)), delimiter=delimiter, skipinitialspace=True)


def _body(text: str) -> str:
    """Return a CSV without the line `sep=;` that Excel puts before the names."""
    first, _, rest = text.partition('\n')
    return rest if re.fullmatch(r'"?sep=.?"?\s*', first, re.IGNORECASE) else text


def _strip(values: list[str]) -> list[str]:
    return [value.strip() for value in values]


def reason_of(error: Exception) -> str:
    """Return why a file cannot be read, in one line without its name."""
    reason = ' '.join(str(getattr(error, 'strerror', None) or error).split())
    # some libraries quote their input
    return reason[:REASON_LENGTH].rstrip('.') or type(error).__name__


def megabytes(size: float) -> str:
    """Return a size in MB as text."""
    return f'{size / 1e6:,.1f} MB'


def _check_mode(mode: int) -> None:
    if not stat.S_ISREG(mode):
        found = _KINDS.get(stat.S_IFMT(mode), 'not a regular file')
        raise OSError(errno.EINVAL, f'a regular file is needed, and this is {found}')


def _too_large(size: int, limit: int) -> OSError:
    return OSError(errno.EFBIG, f'it has {megabytes(size)}, and at most {megabytes(limit)} are '
                   'read')


def _check_values(value: Any, most: int, finite: bool) -> None:
    """Check the depth, and refuse halves of characters, which no file and no terminal accepts."""
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
            raise ValueError(f'it contains the number {one}')


def check_characters(text: str) -> None:
    """
    Refuse halves of characters.

    :raises ValueError: for a lone surrogate, which UTF-8 cannot hold.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        part = text[max(error.start - 20, 0):error.end + 20]
        raise ValueError(f'the text {part!r} contains half of a character (a lone surrogate)'
                         ) from error

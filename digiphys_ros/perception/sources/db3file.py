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

"""SQLite files of bags, the default of ROS 2 before Iron."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
import sqlite3
from urllib.parse import quote

from digiphys_ros.perception.sources.bagtypes import Topic

MOST_SKIPPED = 1 << 20
"""Limit of damaged messages; then the rest of the file is skipped."""


class Db3File:
    """
    One file of a bag.

    :param damage: called with a sentence for each unreadable part.
    :raises ValueError: when it is not such a file.
    """

    def __init__(self, path: Path, damage: Callable[[str], None]) -> None:
        self._damage = damage
        try:
            self._file, self._topics = _opened(path)
        except sqlite3.Error as error:
            raise ValueError(f'SQLite: {error}') from error
        self.topics = tuple(self._topics.values())

    def messages(self, wanted: Collection[str]) -> Iterator[tuple[Topic, int, bytes]]:
        """Yield topic, time of recording [ns] and bytes of each message of the wanted topics."""
        numbers = [number for number, topic in self._topics.items() if topic.name in wanted]
        query = ('SELECT id, topic_id, timestamp, data FROM messages WHERE id > ? AND topic_id IN '
                 f'({",".join("?" * len(numbers))}) ORDER BY id')
        last, step, reported = -1, 1, False
        while step <= MOST_SKIPPED:
            try:
                for row in self._file.execute(query, (last, *numbers)):
                    last, step = row[0], 1
                    yield self._topics[row[1]], int(row[2]), bytes(row[3])
                return
            except (sqlite3.Error, TypeError, OverflowError) as error:
                if not reported:
                    self._damage(f'messages behind number {max(last, 0)}: SQLite: {error}')
                reported = True
                # a damaged page is skipped
                last, step = last + step, 2 * step


def _opened(path: Path) -> tuple[sqlite3.Connection, dict[int, Topic]]:
    """Open the file and read its topics; SQLite cannot lock it in a read-only folder."""
    try:
        return _connected(path, 'mode=ro')
    except sqlite3.Error:
        return _connected(path, 'immutable=1')


def _connected(path: Path, how: str) -> tuple[sqlite3.Connection, dict[int, Topic]]:
    file = sqlite3.connect(f'file:{quote(str(path.absolute()))}?{how}', uri=True,
                           check_same_thread=False)
    definitions = {}
    try:
        tables = file.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table' "
                              "AND name IN ('topics', 'messages')").fetchone()
        # a view could have unlimited rows
        if tables != (2,):
            raise sqlite3.DatabaseError('it has no tables `topics` and `messages`')
        topics = file.execute('SELECT id, name, type, serialization_format FROM topics').fetchall()
        if file.execute("SELECT 1 FROM sqlite_master WHERE name = 'message_definitions'"
                        ).fetchone():
            definitions = {name: (text, language) for name, language, text in file.execute(
                'SELECT topic_type, encoding, encoded_message_definition '
                'FROM message_definitions')}
    except sqlite3.Error:
        file.close()
        raise
    return file, {number: Topic(name, kind, encoding, *definitions.get(kind, ('', '')))
                  for number, name, kind, encoding in topics}

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

"""
Check the words of texts, and the length of commit subjects (72 characters at most).

Usage: python tools/check_words.py. Each word in WORDS has a plainer one. At most
``lines`` lines may contain it, and this number may only decrease.
"""

from collections.abc import Iterable
from pathlib import Path
import re
import subprocess
import sys
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SUBJECT = 72
SINCE = '5b4f9b9d'
"""Subjects are checked after this commit."""
ENDINGS = ('.py', '.md', '.yaml', '.yml', '.toml')
SKIPPED = ('tools/check_words.py', 'CHANGELOG.rst')


class Word(NamedTuple):
    """A word, the number of lines that may contain it, and the words to write instead."""

    pattern: str
    lines: int
    instead: str


WORDS = (
    Word('told|tells?', 4, 'report, print, name'),
    Word('anew', 0, 'again, new'),
    Word('whatever', 0, 'any, regardless of'),
    Word('share of', 0, 'fraction of'),
    Word('so that none', 0, 'a sentence of its own'),
    Word('spoilt', 0, 'corrupted'),
    Word('doubtful', 5, 'ambiguous'),
    Word('wish(?:es|ed)?', 0, 'request, demand'),
    Word('pictures?', 1, 'image; frame when it is stamped'),
    Word('lets', 0, 'a verb of what happens'),
    Word('colours?', 22, 'color'),
    Word('centres?', 0, 'center'),
    Word('grey', 4, 'gray'),
    Word('(?:un|mis)?labelled', 0, 'labeled'),
    Word('as of', 0, 'as for, since'),
    Word('beside', 2, 'next to, at the same time as'),
    Word('verbs?', 1, 'subcommand'),
    Word('hops?', 0, 'transport latency'),
    Word('glass', 6, 'end-to-end latency'),
    Word('remember', 3, 'store, keep'),
    Word('mirror', 29, 'test-time augmentation; flip'),
    Word('said', 0, 'prediction, output'),
    Word('nobody', 38, 'no node, no person'),
    Word('hangs? on', 0, 'depend on'),
)


def tracked() -> list[Path]:
    """Return the files to check."""
    names = _git('ls-files')
    return [ROOT / name for name in names
            if name.endswith(ENDINGS) and not name.startswith(SKIPPED)]


def excess(words: Iterable[Word], texts: Iterable[str]) -> list[str]:
    """
    Return one sentence for each word that is in too many lines.

    Example::

        >>> excess([Word('anew', 0, 'again')], ['starts anew'])
        ['"anew" is in 1 lines, at most 0 are allowed; write: again']
    """
    lines = [line for text in texts for line in text.splitlines()]
    found = []
    for word in words:
        pattern = re.compile(rf'\b(?:{word.pattern})\b', re.IGNORECASE)
        count = sum(bool(pattern.search(line)) for line in lines)
        if count > word.lines:
            found.append(f'"{word.pattern}" is in {count} lines, at most {word.lines} are '
                         f'allowed; write: {word.instead}')
    return found


def long_subjects(subjects: Iterable[str]) -> list[str]:
    """Return one sentence for each commit subject that is too long."""
    return [f'commit subject of {len(one)} characters, at most {SUBJECT} are allowed: {one}'
            for one in subjects if len(one) > SUBJECT]


def subjects_since(commit: str) -> list[str]:
    """Return the subjects of later commits; none if the history does not contain this one."""
    return _git('log', '--format=%s', f'{commit}..HEAD')


def _git(*words: str) -> list[str]:
    """Return the output lines of git, for any owner of the checkout; none if it fails."""
    try:
        done = subprocess.run(['git', '-c', 'safe.directory=*', *words], cwd=ROOT,
                              capture_output=True, text=True)
    except OSError:
        return []
    return done.stdout.splitlines() if done.returncode == 0 else []


def main() -> int:
    """Print the problems; return 1 if there are any."""
    problems = excess(WORDS, (path.read_text(encoding='utf-8') for path in tracked()))
    problems += long_subjects(subjects_since(SINCE))
    print('\n'.join(problems), end='\n' if problems else '')
    return int(bool(problems))


if __name__ == '__main__':
    sys.exit(main())

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

"""The node triage on simulated time: advice through a desk and an audit log."""

from collections.abc import Callable
from dataclasses import dataclass
import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from digiphys_ros.advice import AuditLog, Desk, Explanation, Finding, Image, Model, verify
from digiphys_ros.advice.chain import Entry
from digiphys_ros.errors import AuditError
from numpy.typing import NDArray

Explain = Callable[[NDArray[Any], str], Explanation]
"""Maps an image and a class to an explanation of that answer."""


@dataclass(frozen=True)
class Audit:
    """
    The audit log on disk at the end of a run.

    :ivar path: None if it is not kept.
    :ivar advice: its readable entries of advice.
    """

    path: Path | None
    finding: Finding
    advice: tuple[Entry, ...]


class SimulatedAdvisor:
    """
    Advise on images one after another.

    :param log: new file for the audit log; None keeps no log.
    :param explain: explains an answer; None without a model.
    """

    def __init__(self, model: Model, log: Path | None = None, explain: Explain | None = None
                 ) -> None:
        self._folder = TemporaryDirectory()
        self._kept, self._path = log, log or Path(self._folder.name, 'audit.jsonl')
        self._model, self._explain = model, explain
        self._desk = Desk(AuditLog(self._path))
        self._images = 0
        self._first_sha256 = ''

    def count_image(self) -> None:
        """Count an image, also one without advice."""
        self._images += 1

    def advise(self, image: NDArray[Any] | None, prediction: str | None, score: float, now_s: float
               ) -> str:
        """
        Log the advice on the current image.

        :param prediction: the class, None if the classifier abstained.
        :return: the case of the image; empty if it could not be logged, so no advice was given.
        """
        sha256 = '' if image is None else hashlib.sha256(image.tobytes()).hexdigest()
        explanation = None
        if prediction is not None and image is not None and self._explain is not None:
            explanation = self._explain(image, prediction)
        try:
            self._desk.advise(Image(str(self._images), sha256),
                              [] if prediction is None else [(prediction, score)],
                              self._model, now_s, explanation)
        except AuditError:
            return ''
        self._first_sha256 = self._first_sha256 or sha256
        return str(self._images)

    def tamper(self) -> None:
        """Change the image hash of the first entry, as anyone who may write the file could."""
        digest, self._first_sha256 = self._first_sha256.encode(), ''
        if digest:
            content = self._path.read_bytes()
            self._path.write_bytes(content.replace(digest, digest[::-1], 1))

    def audit(self) -> Audit:
        """Read the log and verify it."""
        entries = []
        for line in self._path.read_bytes().splitlines():
            try:
                entries.append(json.loads(line))
            except ValueError:
                continue
        return Audit(self._kept, verify(self._path), tuple(
            entry for entry in entries if entry.get('kind') == 'advice'))

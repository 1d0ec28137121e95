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

"""A thread that always works on the newest item."""

from collections.abc import Callable
import threading
from typing import Generic, TypeVar

Item = TypeVar('Item')


class NewestWorker(Generic[Item]):
    """
    Hand items to ``handle`` on a thread of its own, newest first, older ones dropped.

    A slow handler therefore never works on anything older than one handling time.
    """

    def __init__(self, handle: Callable[[Item], None], name: str) -> None:
        self._handle = handle
        self._changed = threading.Condition()
        self._item: Item | None = None
        self._running = True
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def offer(self, item: Item) -> None:
        """Make ``item`` the next one to be handled; what waited is dropped and counted."""
        with self._changed:
            if self._item is not None:
                self.dropped += 1
            self._item = item
            self._changed.notify()

    def stop(self, timeout_s: float = 1.0) -> None:
        """End the thread once the item in hand is done; what waits is dropped."""
        with self._changed:
            self._running = False
            self._item = None
            self._changed.notify()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._item is not None or not self._running)
                if not self._running:
                    return
                item, self._item = self._item, None
            assert item is not None
            self._handle(item)

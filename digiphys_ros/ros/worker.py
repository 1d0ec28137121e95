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

"""A thread that always processes the newest item of each source."""

from collections.abc import Callable
import threading
from typing import Generic, TypeVar

Item = TypeVar('Item')


class NewestWorker(Generic[Item]):
    """
    Pass the newest item of each source to ``handle``, together, on a separate thread.

    A slow handler therefore never processes an item older than one handling time.

    :param sources: number of sources.
    :param wait_s: longest time that an item waits for those of the other sources.
    """

    def __init__(self, handle: Callable[[list[Item]], None], name: str, *, sources: int = 1,
                 wait_s: float = 0.0) -> None:
        self._handle = handle
        self._sources, self._wait_s = sources, wait_s
        self._changed = threading.Condition()
        self._items: dict[str, Item] = {}
        self._running = True
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, item: Item, source: str = '') -> None:
        """Make ``item`` the next of its source; a waiting item is dropped and counted."""
        with self._changed:
            self.dropped += self._items.pop(source, None) is not None
            self._items[source] = item
            self._changed.notify()

    def stop(self, timeout_s: float = 1.0) -> None:
        """End the thread after the current items; waiting items are dropped."""
        with self._changed:
            self._running = False
            self._changed.notify()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or not self._running)
                if self._wait_s and len(self._items) < self._sources:
                    self._changed.wait_for(self._complete, self._wait_s)
                if not self._running:
                    return
                items, self._items = list(self._items.values()), {}
            self._handle(items)

    def _complete(self) -> bool:
        return len(self._items) >= self._sources or not self._running

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

"""The newest item of each source."""

import threading

from digiphys_ros.ros.worker import NewestWorker
import pytest

TIMEOUT_S = 60.0


class Handler:
    """Takes batches, and blocks in the first one until it is released."""

    def __init__(self):
        self.batches = []
        self.entered, self.go_on, self.done = (threading.Event() for _ in range(3))
        self.wanted = 2

    def __call__(self, items):
        self.batches.append(items)
        self.entered.set()
        assert self.go_on.wait(TIMEOUT_S)
        if len(self.batches) == self.wanted:
            self.done.set()


@pytest.fixture
def handler():
    return Handler()


def test_worker_newer_item_replaces_a_waiting_one(handler):
    worker = NewestWorker(handler, 'test')
    worker.submit(1)
    assert handler.entered.wait(TIMEOUT_S)
    for item in (2, 3, 4):
        worker.submit(item)
    handler.go_on.set()
    assert handler.done.wait(TIMEOUT_S)
    worker.stop()
    assert handler.batches == [[1], [4]]
    assert worker.dropped == 2


def test_worker_items_of_all_sources_form_one_batch(handler):
    worker = NewestWorker(handler, 'test', sources=3)
    worker.submit('a1', 'a')
    assert handler.entered.wait(TIMEOUT_S)
    for item, source in (('a2', 'a'), ('b1', 'b'), ('a3', 'a'), ('c1', 'c')):
        worker.submit(item, source)
    handler.go_on.set()
    assert handler.done.wait(TIMEOUT_S)
    worker.stop()
    assert handler.batches == [['a1'], ['b1', 'a3', 'c1']]
    assert worker.dropped == 1


def test_worker_item_waits_for_other_sources_up_to_wait_s(handler):
    handler.go_on.set()
    worker = NewestWorker(handler, 'test', sources=2, wait_s=TIMEOUT_S)
    worker.submit('a', 'a')
    worker.submit('b', 'b')
    assert handler.entered.wait(TIMEOUT_S / 2)
    worker.stop()
    assert handler.batches == [['a', 'b']]
    handler.entered.clear()
    alone = NewestWorker(handler, 'test', sources=2, wait_s=0.01)
    alone.submit('a', 'a')
    assert handler.entered.wait(TIMEOUT_S)
    alone.stop()
    assert handler.batches[-1] == ['a']


def test_worker_waiting_for_other_sources_can_be_stopped(handler):
    worker = NewestWorker(handler, 'test', sources=2, wait_s=TIMEOUT_S)
    worker.submit('a', 'a')
    worker.stop(TIMEOUT_S / 2)
    assert not any(thread.name == 'test' for thread in threading.enumerate())
    assert handler.batches == []

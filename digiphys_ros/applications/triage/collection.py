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
"""Labeled images of random streams of phantoms."""

from collections.abc import Iterator

from digiphys_ros.applications.triage.application import Triage
from digiphys_ros.simulation.application import LabeledImage, Needed
from digiphys_ros.simulation.collect import collect_current
import numpy as np


def collect(rng: np.random.Generator, needed: Needed) -> Iterator[LabeledImage]:
    """Take each needed image of a stream."""
    stream = Triage(int(rng.integers(2**31)))
    while not stream.ended:
        yield from collect_current(stream, needed)
        stream.advance(1 / stream.rate_hz, {})

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

from digiphys_ros.applications.sorting.surfaces import DEFECTS, draw_surface
from digiphys_ros.errors import UsageError
import numpy as np
import pytest


def test_draw_surface_same_seed_gives_the_same_surface():
    one, other = (draw_surface(np.random.default_rng(3), 'crack') for _ in range(2))
    assert one.shape == (192, 192, 3)
    assert one.dtype == np.uint8
    assert (one == other).all()
    assert draw_surface(np.random.default_rng(3), side_px=64).shape == (64, 64, 3)


@pytest.mark.parametrize('defect', DEFECTS)
def test_draw_surface_defect_changes_only_part_of_the_surface(defect):
    shares = []
    for seed in range(20):
        good = draw_surface(np.random.default_rng(seed)).astype(int)
        bad = draw_surface(np.random.default_rng(seed), defect).astype(int)
        # grain differs after the defect's own random numbers
        shares.append((np.abs(good - bad).max(axis=2) > 15).mean())
    assert min(shares) > 0.001
    assert max(shares) < 0.7


def test_draw_surface_unknown_defect_is_refused():
    with pytest.raises(UsageError, match='defect "dent" is unknown, allowed are blowhole, crack'):
        draw_surface(np.random.default_rng(0), 'dent')

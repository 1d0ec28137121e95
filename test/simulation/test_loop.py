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

from digiphys_ros.applications import find_application, make_application
from digiphys_ros.simulation.loop import make_pipeline, run_loop
from digiphys_ros.simulation.rendering.camera import add_dirt
from digiphys_ros.simulation.scenarios.faults import Blurred, CameraFault, Corrupted
import numpy as np
import pytest

TIMES = {'from_s': 1.0, 'to_s': 2.0}


def images(*faults):
    """Return the classifier's inputs for the first five phantoms, two a second."""
    triage, seen = make_application('triage'), []
    run_loop(triage, make_pipeline(find_application('triage')), 2.5, faults,
             lambda _, image: seen.append(image))
    return [image.astype(float) for image in seen]


@pytest.fixture(scope='module')
def plain():
    return images()


@pytest.mark.parametrize(('fault', 'has_effect'), [
    (Corrupted(kind='light_dimmed', fraction=0.75, **TIMES),
     lambda seen, plain: seen.mean() == pytest.approx(plain.mean() / 4, abs=1)),
    (Corrupted(kind='camera_dirty', fraction=0.5, **TIMES),
     lambda seen, plain: 0.4 < (np.abs(seen - plain) > 10).mean() < 0.8),
    (Blurred(kind='camera_blurred', sigma_px=6.0, **TIMES),
     lambda seen, plain: seen.std() < plain.std() and np.abs(seen - plain).mean() > 1),
    (CameraFault(kind='camera_black', **TIMES), lambda seen, plain: not seen.any()),
])
def test_run_loop_camera_fault_changes_images_while_it_lasts(plain, fault, has_effect):
    seen = images(fault)
    assert len(seen) == len(plain) == 5
    for index, (one, other) in enumerate(zip(seen, plain, strict=True)):
        assert has_effect(one, other) if index in (2, 3) else (one == other).all()


@pytest.mark.parametrize('fraction', [0.1, 0.5, 0.9])
def test_add_dirt_covers_the_fraction_at_fixed_positions(fraction):
    white = np.full((120, 160, 3), 250, np.uint8)
    seen = add_dirt(white, fraction)
    assert seen.shape == white.shape
    assert (seen.max(axis=2) < 155).mean() == pytest.approx(fraction, abs=0.02)
    assert (seen == add_dirt(white, fraction)).all()

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

"""What sorting_line leaves unanswered, on images of the simulator that it never saw."""

import cv2
from digiphys_ros.applications.sorting.scene import world
from digiphys_ros.applications.sorting.surfaces import DEFECTS, draw_surface
from digiphys_ros.bundles import load_bundle
from digiphys_ros.errors import SimulationError
from digiphys_ros.perception import Classifier, create_engine, Frame
from digiphys_ros.resources import find_resource
from digiphys_ros.simulation.rendering.camera import add_dirt
import numpy as np
import pytest

KINDS = (None, *DEFECTS)


@pytest.fixture(scope='module')
def say():
    """Return a function that lays a surface below the camera and asks what it is."""
    from digiphys_ros.simulation.rendering.renderer import Renderer
    try:
        renderer = Renderer(world((0.0, 0.3), (None, None)))
    except SimulationError as error:
        pytest.skip(str(error))
    bundle = load_bundle(find_resource('sorting_line', 'models'))
    classifier, rng = Classifier(bundle, create_engine(bundle)[0]), np.random.default_rng(0)

    def ask(surface, corrupt=lambda image: image):
        renderer.set_texture('part_0', surface.astype(np.uint8))
        image = renderer.image('line') + rng.normal(0, 2.5, (240, 320, 1))
        scores = classifier(Frame(corrupt(np.clip(image, 0, 255).astype(np.uint8)), 'rgb')).scores
        return scores[0][0] if scores else None
    return ask


def surface(seed, kind):
    return draw_surface(np.random.default_rng(seed), kind).astype(float)


def half_hidden(image):
    image[:, 160:] = 70
    return image


def answers(say, corrupt):
    """Return the prediction and the ground truth of 20 parts, every fifth of them good."""
    return [(say(surface(seed, KINDS[seed % 5]), corrupt), 'defective' if seed % 5 else 'good')
            for seed in range(20)]


def test_sorting_line_clear_image_is_answered(say):
    prediction = answers(say, lambda image: image)
    assert sum(one == right for one, right in prediction) >= 18


@pytest.mark.parametrize('corrupt', [
    lambda image: cv2.GaussianBlur(image, (0, 0), 5),
    lambda image: (0.15 * image).astype(np.uint8),
    lambda image: np.clip(4.0 * image, 0, 255).astype(np.uint8),
    lambda image: add_dirt(image, 0.5),
    half_hidden,
], ids=['blurred', 'dark', 'over-exposed', 'dirty', 'half hidden'])
def test_sorting_line_ambiguous_image_abstains(say, corrupt):
    prediction = answers(say, corrupt)
    assert sum(one is None for one, _ in prediction) >= 17
    assert not [one for one, right in prediction if one == 'good' and right == 'defective']


def test_sorting_line_borderline_part_abstains_more_often(say):
    def open_share(strength):
        predictions = [
            say(surface(seed, None) + strength * (surface(seed, kind) - surface(seed, None)))
            for seed in range(8) for kind in DEFECTS]
        return np.mean([one is None for one in predictions])
    between = open_share(0.4)
    assert between > 0.25
    assert between > 3 * max(open_share(0.0), open_share(1.0))


def test_sorting_line_other_photographs_abstain(cifar10):
    data = cifar10
    unseen = np.isin(data.classes, [data.labels.index(name) for name in
                                    ('bird', 'dog', 'ship', 'truck')])
    bundle = load_bundle(find_resource('sorting_line', 'models'))
    classifier = Classifier(bundle, create_engine(bundle)[0])
    chosen = np.random.default_rng(1).permutation(np.flatnonzero(unseen))[:500]
    prediction = [classifier(Frame(data.read(int(index)), 'rgb')) for index in chosen]
    assert np.mean([one.abstained for one in prediction]) >= 0.99

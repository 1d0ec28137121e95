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


from digiphys_ros.advice import Explainer, occlusion_sensitivity
from digiphys_ros.advice.explanation import covered, place_of, SIDE, STEPS
from digiphys_ros.bundles import load_bundle
from digiphys_ros.learning.datasets import open_dataset
from digiphys_ros.perception import Classifier, create_engine, Frame
from digiphys_ros.resources import find_resource
import numpy as np
import pytest

IMAGES = 60


@pytest.fixture(scope='module')
def classifier():
    bundle = load_bundle(find_resource('chest_xray', 'models'))
    return Classifier(bundle, create_engine(bundle)[0])


class Spot:
    """A classifier that is the surer, the brighter one spot is; it counts what it is asked."""

    def __init__(self, bundle, row, column):
        self.bundle, self._spot, self.asked = bundle, (row, column), 0

    def __call__(self, frame):
        return self.batch([frame])[0]

    def batch(self, frames):
        from digiphys_ros.perception import Classification
        self.asked += len(frames)
        spots = [float(frame.pixels[self._spot].mean()) / 255 for frame in frames]
        return [Classification((), False, np.array([1 - spot, spot])) for spot in spots]


@pytest.mark.parametrize(('row', 'column', 'place'), [
    (5, 5, 'upper left'), (45, 5, 'middle left'), (85, 85, 'lower right'), (45, 45, 'middle')])
@pytest.mark.parametrize('shape', [(90, 90), (90, 90, 3)])
def test_occlusion_sensitivity_finds_the_decisive_part(classifier, row, column, place, shape):
    pixels = np.zeros(shape, np.uint8)
    pixels[row, column] = 255
    spot = Spot(classifier.bundle, row, column)
    frame = Frame(pixels, 'mono' if pixels.ndim == 2 else 'bgr')
    explanation = occlusion_sensitivity(spot, frame, 'pneumonia')
    x, y, width, height = explanation.box
    assert explanation.place == place
    assert x <= column / 90 <= x + width
    assert y <= row / 90 <= y + height
    assert (explanation.score, explanation.covered) == pytest.approx((1.0, 0.0), abs=0.02)
    assert spot.asked == STEPS ** 2 + 1
    assert pixels.max() == 255


def test_place_of_names_every_part():
    thirds = [(column / 3, row / 3, SIDE, SIDE) for row in range(3) for column in range(3)]
    assert [place_of(box) for box in thirds] == [
        'upper left', 'upper middle', 'upper right', 'middle left', 'middle', 'middle right',
        'lower left', 'lower middle', 'lower right']


def test_explainer_returns_none_for_another_model(classifier):
    explainer = Explainer('chest_xray')
    frame = Frame(np.random.default_rng(0).integers(0, 256, (56, 56), np.uint8), 'mono')
    answer = classifier(frame)
    label, score = classifier.bundle.labels[int(answer.probabilities.argmax())], \
        float(answer.probabilities.max())
    assert explainer(frame, [(label, score)], classifier.bundle.hash).score == pytest.approx(score)
    assert explainer(frame, [(label, score)], 'another') is None
    assert explainer(frame, [], classifier.bundle.hash) is None
    # of another image, or of a part of this one
    assert explainer(frame, [(label, score - 0.1)], classifier.bundle.hash) is None


def test_explainer_on_x_rays_names_the_most_influential_part(data_dir, classifier):
    data = open_dataset(str(data_dir / 'pneumonia_mnist_train.npz'))
    held_out = data.take(np.flatnonzero(data.parts == 'val'))
    rng, named, other = np.random.default_rng(0), [], []
    for index in rng.permutation(len(held_out))[:IMAGES]:
        frame = Frame(held_out.read(int(index)), 'mono')
        answer = classifier(frame)
        if answer.abstained:
            continue
        best = int(answer.probabilities.argmax())
        explanation = occlusion_sensitivity(classifier, frame, classifier.bundle.labels[best])
        # the ninth of that name, not the very part that was found to count most
        ninths = [(column / 3, row / 3, SIDE, SIDE) for row in range(3) for column in range(3)]
        [own] = [box for box in ninths if place_of(box) == explanation.place]
        ninths.remove(own)
        for changes, box in ((named, own), (other, ninths[rng.integers(len(ninths))])):
            score = classifier(covered(frame, box)).probabilities[best]
            changes.append(abs(float(score) - explanation.score))
    assert len(named) > 40
    assert np.mean(named) > 2 * np.mean(other)
    assert np.mean(np.array(named) >= other) > 0.75

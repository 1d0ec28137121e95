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

"""What an answer hangs on: the part of the image that, covered, changes it most."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from digiphys_ros.perception import Classifier, Frame
from digiphys_ros.pipeline.model import load_model
import numpy as np

SIDE = 1 / 3
"""Of the part that is covered, as a share of the image's."""

STEPS = 7
"""Places of that part in each direction, one batch of them a row."""

SAME = 0.05
"""A confidence that differs by more is of another image, or of another region of it."""

Box = tuple[float, float, float, float]
"""x, y, width and height as shares of the image."""


@dataclass(frozen=True)
class Explanation:
    """
    Which part of an image an answer hangs on most.

    :ivar place: one of nine, as ``lower left``, of the image as it lies.
    :ivar score: the answer's calibrated confidence; ``covered``: the same with ``box`` covered.
    """

    place: str
    box: Box
    score: float
    covered: float

    def __str__(self) -> str:
        return (f'of all parts of the image the {self.place} changes the confidence most when '
                f'it is covered, from {self.score:.2f} to {self.covered:.2f}: there the model '
                'looked, whatever is there')


def occlusion_sensitivity(classifier: Classifier, frame: Frame, label: str) -> Explanation:
    """Cover each part of an image with its mean (Zeiler & Fergus, 2014) and see what changes."""
    index = classifier.bundle.labels.index(label)
    color = frame.color if frame.color == 'mono' else 'rgb'
    whole = Frame(frame.converted(color), color)
    score = float(classifier(whole).probabilities[index])
    boxes, scores = [], []
    for row in range(STEPS):
        part = [(column * (1 - SIDE) / (STEPS - 1), row * (1 - SIDE) / (STEPS - 1), SIDE, SIDE)
                for column in range(STEPS)]
        boxes += part
        scores += [float(one.probabilities[index])
                   for one in classifier.batch([covered(whole, box) for box in part])]
    most = int(np.argmax(np.abs(np.array(scores) - score)))
    return Explanation(place_of(boxes[most]), boxes[most], score, scores[most])


def covered(frame: Frame, box: Box) -> Frame:
    """Return an image with a part of it in the mean color of the whole."""
    pixels = frame.pixels.copy()
    (height, width), (x, y, w, h) = pixels.shape[:2], box
    pixels[round(y * height):round((y + h) * height), round(x * width):round((x + w) * width)] \
        = pixels.mean(axis=(0, 1))
    return replace(frame, pixels=pixels)


def place_of(box: Box) -> str:
    """Return in which ninth of an image the middle of a part lies."""
    x, y, w, h = box
    column, row = (min(int(3 * middle), 2) for middle in (x + w / 2, y + h / 2))
    name = f'{("upper", "middle", "lower")[row]} {("left", "middle", "right")[column]}'
    return 'middle' if name == 'middle middle' else name


class Explainer:
    """
    The model that classifies once more, so that asking it takes no time of the classifier's.

    :param bundle: a path, or a name in models/.
    :raises BundleError: for a bundle that is not what it claims to be.
    """

    def __init__(self, bundle: str) -> None:
        model = load_model(bundle, threads=1)
        self.hash = model.bundle.hash
        self._classifier = Classifier(model.bundle, model.engine)

    def __call__(self, frame: Frame, scores: Sequence[tuple[str, float]], model_hash: str
                 ) -> Explanation | None:
        """
        Return what an answer hangs on, None where there is none or this model did not give it.

        :param scores: classes with their calibrated confidence, best first.
        :param model_hash: of the bundle that answered.
        """
        if not scores or model_hash != self.hash:
            return None
        label, score = scores[0]
        explanation = occlusion_sensitivity(self._classifier, frame, label)
        return explanation if abs(explanation.score - score) <= SAME else None

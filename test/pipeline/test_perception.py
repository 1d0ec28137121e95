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

from digiphys_ros.bundles import load_bundle
from digiphys_ros.perception import Classifier, Frame
from digiphys_ros.perception.camera_checks import Limits
from digiphys_ros.perception.engines import FakeEngine
from digiphys_ros.pipeline.camera import CameraState
from digiphys_ros.pipeline.perception import join_problems, Perception
from digiphys_ros.resources import share_dir
import numpy as np
import pytest


@pytest.fixture(scope='module')
def classifier():
    bundle = load_bundle(share_dir() / 'models' / 'traffic_signs')
    return Classifier(bundle, FakeEngine(bundle.spec, len(bundle.labels)))


def frames(count):
    pixels = np.random.default_rng(0).integers(0, 256, (count, 64, 64, 3)).astype(np.uint8)
    return [Frame(one, 'rgb') for one in pixels]


def test_perception_one_camera_is_counted_and_measured(classifier):
    [camera] = (perception := Perception([CameraState(Limits())])).cameras
    for index, frame in enumerate(frames(3)):
        perception.arrive(camera, float(index), index + 0.01, frame.pixels.nbytes)
        [result] = perception.classify(classifier, [frame])
        perception.answer(camera, result, age_s=0.02)
    figures = perception.figures(classifier, dropped=4)
    assert (figures['received'], figures['classified'], figures['dropped']) == (3, 3, 4)
    assert figures['model'] == 'traffic_signs'
    assert figures['model_hash'] == classifier.bundle.hash
    assert (figures['engine'], figures['device']) == ('fake', 'CPU')
    assert float(figures['capture_to_classification_ms.p50']) == pytest.approx(20.0)
    assert float(figures['inference_ms.p50']) > 0.0


def test_perception_several_cameras_share_a_batch_with_separate_figures(classifier):
    cameras = [CameraState(Limits(), name=name) for name in ('front', 'rear')]
    perception = Perception(cameras)
    results = perception.classify(classifier, frames(2))
    assert len(results) == 2
    perception.answer(cameras[1], results[1], 0.01)
    cameras[0].refuse('black', 'black')
    figures = perception.figures(None)
    assert (figures['front.classified'], figures['rear.classified']) == (0, 1)
    assert figures['black'] == 1
    assert 'model' not in figures


def test_join_problems_of_several_cameras_is_one_sentence():
    assert join_problems([('', ''), ('front: black', 'look'), ('rear: frozen', 'wait')]) == \
        ('front: black; rear: frozen', 'look; wait')
    assert join_problems([('', '')]) == ('', '')

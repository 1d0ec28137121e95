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


from digiphys_ros.bundles.preprocess_spec import PreprocessSpec
from digiphys_ros.perception.bit_depth import BitDepth
from digiphys_ros.perception.camera_checks import Limits
from digiphys_ros.perception.frame import decode_image, decode_image_file, Frame
from digiphys_ros.perception.liveness import LivenessMonitor
from digiphys_ros.perception.preprocess import Preprocessor
import numpy as np
import pytest


def scene(bits, seed=0, exposure=1.0):
    """Return the mono16 frame of a scene with its whole range of brightness, and noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:96, :128]
    bright = 0.5 + 0.45 * np.sin(x / 9) * np.cos(y / 7)
    values = (exposure * bright + rng.normal(0, 0.005, y.shape)).clip(0, 1) * ((1 << bits) - 1)
    return decode_image(values.astype('<u2').tobytes(), height=96, width=128, encoding='mono16',
                        step=256, is_bigendian=False)


@pytest.mark.field('ethz-asl/hand_eye_calibration #72', 'A mono16 camera fills 10 of 16 bits: '
                   'converted to 8 its images are black.')
@pytest.mark.parametrize('bits', [10, 12, 14, 16])
def test_mono16_is_scaled_by_the_bits_it_uses_and_not_black(bits):
    depth, monitor = BitDepth(), LivenessMonitor(Limits())
    for seed in range(10):
        frame = depth.steady(scene(bits, seed))
        assert frame.bits == bits
        assert monitor.check(frame) == 'fresh'
        assert abs(float(frame.converted('mono').mean()) - 127) < 8


def test_depth_does_not_follow_the_brightness_of_a_scene():
    depth = BitDepth()
    bright, dark, again = (depth.steady(scene(12, exposure=exposure))
                           for exposure in (1.0, 0.2, 1.0))
    assert (bright.bits, dark.bits, again.bits) == (12, 12, 12)
    assert scene(12, exposure=0.2).bits == 10
    assert 20 < dark.converted('mono').mean() < 30


def test_depth_grows_when_a_brighter_frame_shows_more_bits():
    depth = BitDepth()
    assert [depth.steady(scene(12, exposure=exposure)).bits
            for exposure in (0.1, 0.2, 0.5, 0.1)] == [10, 10, 12, 12]


def test_depth_growth_is_not_reported_as_blurred():
    depth, monitor = BitDepth(), LivenessMonitor(Limits())
    verdicts = [monitor.check(depth.steady(scene(bits, seed)))
                for seed, bits in enumerate([10] * 20 + [14] * 20)]
    assert set(verdicts) == {'fresh'}


@pytest.mark.parametrize('level', [0, 100, 800])
def test_covered_16_bit_camera_is_noticed_at_any_depth(level):
    depth, monitor = BitDepth(), LivenessMonitor(Limits())
    rng = np.random.default_rng(0)
    for _ in range(10):
        dark = rng.normal(level, 8, (96, 128)).clip(0, 65535).astype(np.uint16)
        verdict = monitor.check(depth.steady(decode_image(
            dark.tobytes(), height=96, width=128, encoding='mono16', step=256,
            is_bigendian=False)))
    assert verdict in ('black', 'no_contrast', 'noise')


def test_given_depth_is_kept():
    depth = BitDepth(12)
    assert depth.steady(scene(10)).bits == depth.steady(scene(16)).bits == 12


def test_8_bit_frame_is_unchanged():
    frame = Frame(np.zeros((4, 4), np.uint8), 'mono')
    assert BitDepth(12).steady(frame) is frame


def test_values_beyond_the_bits_saturate():
    pixels = np.array([[0, 1023, 5000]], np.uint16)
    assert Frame(pixels, 'mono', 10).converted('mono').tolist() == [[0, 255, 255]]


def test_preprocessing_of_a_region_keeps_the_depth():
    pixels = np.full((8, 8), 500, np.uint16)
    pixels[:, 4:] = 4000
    whole = Preprocessor(PreprocessSpec(width=4, height=4, color='mono', dtype='uint8'),
                         (0.0, 0.0, 0.5, 1.0))
    assert set(whole(Frame(pixels, 'mono', 12)).ravel().tolist()) == {round(500 * 255 / 4095)}


@pytest.mark.parametrize('bits', [10, 12, 14, 16])
def test_16_bit_file_is_scaled_by_the_bits_it_uses(bits):
    import cv2
    pixels = (np.arange(4096).reshape(64, 64) * ((1 << bits) - 1) // 4095).astype(np.uint16)
    frame = decode_image_file(cv2.imencode('.png', pixels)[1].tobytes())
    assert frame.bits == bits
    assert frame.converted('mono').max() == 255

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

import cv2
from digiphys_ros.bundles.preprocess_spec import PreprocessSpec
from digiphys_ros.errors import ConfigError
from digiphys_ros.perception.frame import decode_image, Frame
from digiphys_ros.perception.preprocess import Preprocessor
from hypothesis import given, strategies as st
import numpy as np
from pydantic import ValidationError
import pytest

GRADIENT = np.zeros((48, 64, 3), np.uint8)
GRADIENT[..., 0] = np.arange(64) * 4
GRADIENT[..., 1] = np.arange(48)[:, None] * 5
GRADIENT[..., 2] = 7


def tensor(frame=None, roi=None, **fields):
    spec = PreprocessSpec(**{'width': 16, 'height': 12, **fields})
    return Preprocessor(spec, roi)(frame or Frame(GRADIENT, 'rgb'))


def test_preprocess_scales_to_the_range():
    result = tensor()
    assert result.shape == (1, 12, 16, 3)
    assert result.dtype == np.float32
    assert result.flags.c_contiguous
    np.testing.assert_allclose(result[..., 2], 7 / 255, rtol=1e-6)


def test_area_resize_is_the_mean_of_the_pixels_it_replaces():
    expected = GRADIENT.reshape(12, 4, 16, 4, 3).mean(axis=(1, 3)) / 255
    np.testing.assert_allclose(tensor()[0], expected, atol=0.6 / 255)


def test_preprocess_mean_and_std_are_per_channel():
    result = tensor(mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 2.0))
    np.testing.assert_allclose(
        result[0], (tensor()[0] - (0.1, 0.2, 0.3)) / (0.5, 0.25, 2.0), atol=1e-5)


def test_preprocess_uint8_keeps_the_pixels():
    result = tensor(dtype='uint8', width=64, height=48)
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result[0], GRADIENT)


@pytest.mark.parametrize('fields', [{}, {'dtype': 'uint8'}, {'mean': (0.5,), 'std': (0.25,)}])
def test_preprocess_fills_a_given_tensor(fields):
    made = tensor(**fields)
    given = np.full_like(made, 99)
    spec = PreprocessSpec(width=16, height=12, **fields)
    assert Preprocessor(spec)(Frame(GRADIENT, 'rgb'), given) is given
    np.testing.assert_array_equal(given, made)


def test_value_of_equals_the_tensor():
    fields = {'mean': (0.1, 0.2, 0.3), 'std': (0.5, 0.25, 2.0)}
    spec = PreprocessSpec(width=16, height=12, **fields)
    pixels = tensor(dtype='uint8')
    np.testing.assert_array_equal(spec.value_of(pixels), tensor(**fields))


@pytest.mark.parametrize(('roi', 'fields', 'box'), [
    (None, {}, (0, 0, 64, 48)),
    ((0.25, 0.5, 0.5, 0.5), {}, (16, 24, 48, 48)),
    (None, {'crop': 'center_crop'}, (8, 0, 56, 48)),
    ((0.5, 0.0, 0.25, 1.0), {'crop': 'center_crop'}, (32, 16, 48, 32)),
    (None, {'roi': (0.0, 0.0, 0.5, 0.5), 'crop': 'letterbox'}, (0, 0, 32, 24))])
def test_box_has_the_pixels_that_reach_the_model(roi, fields, box):
    processor = Preprocessor(PreprocessSpec(width=8, height=8, dtype='uint8', **fields), roi)
    assert processor.box(48, 64) == box
    left, top, right, bottom = box
    outside = np.full((48, 64, 3), 200, np.uint8)
    outside[top:bottom, left:right] = 0
    assert not processor(Frame(outside, 'rgb')).any()


@pytest.mark.parametrize(('roi', 'box'), [
    ((0.0, 0.0, 0.7, 0.7), (0, 0, 448, 336)),
    # (0.1 + 0.7) * 640 is 511.99999999999994, and (0.3 + 0.6) * 480 is 431.99999999999994
    ((0.1, 0.3, 0.7, 0.6), (64, 144, 512, 432)),
    # 100.6 and 50.4 pixels
    ((0.0, 0.0, 0.1571875, 0.105), (0, 0, 101, 50))])
def test_box_rounding_keeps_every_pixel(roi, box):
    processor = Preprocessor(PreprocessSpec(width=8, height=8), roi)
    assert processor.box(480, 640) == box


@pytest.mark.parametrize(('roi', 'fields', 'least'), [
    (None, {}, (32, 32)), ((0.0, 0.0, 0.5, 0.25), {}, (128, 64)),
    (None, {'resize': 'mipmap'}, (16, 16)), (None, {'resize': 'linear'}, None)])
def test_least_size_is_that_of_the_tensor_in_the_region(roi, fields, least):
    assert Preprocessor(PreprocessSpec(width=16, height=12, **fields), roi).least_size == least


@pytest.mark.field('leggedrobotics/darknet_ros #43', 'the network was trained on RGB and gets BGR')
@pytest.mark.parametrize('color', ['rgb', 'bgr', 'mono'])
def test_preprocess_is_independent_of_the_color_order(color):
    from_rgb = tensor(color=color)
    from_bgr = tensor(Frame(GRADIENT[..., ::-1].copy(), 'bgr'), color=color)
    np.testing.assert_allclose(from_rgb, from_bgr, atol=1.01 / 255)
    assert from_rgb.shape[-1] == (1 if color == 'mono' else 3)


def test_preprocess_crops_the_region():
    result = tensor(roi=(0.5, 0.25, 0.25, 0.5), dtype='uint8', width=16, height=24)
    np.testing.assert_array_equal(result[0], GRADIENT[12:36, 32:48])


def test_preprocess_given_region_replaces_that_of_the_bundle():
    result = tensor(roi=(0.0, 0.0, 0.25, 0.5), dtype='uint8', width=16, height=24)
    spec = PreprocessSpec(width=16, height=24, dtype='uint8', roi=(0.5, 0.5, 0.25, 0.25))
    np.testing.assert_array_equal(
        Preprocessor(spec, (0.0, 0.0, 0.25, 0.5))(Frame(GRADIENT, 'rgb')), result)


def test_preprocess_center_crop():
    result = tensor(crop='center_crop', dtype='uint8', width=48, height=48)
    np.testing.assert_array_equal(result[0], GRADIENT[:, 8:56])


def test_preprocess_letterbox_keeps_proportions_and_adds_black():
    bright = np.full((48, 64, 3), 200, np.uint8)
    result = tensor(Frame(bright, 'rgb'), crop='letterbox', dtype='uint8', width=32, height=32)
    assert (result[0, 4:28] == 200).all()
    assert not result[0, :4].any()
    assert not result[0, 28:].any()


@pytest.mark.parametrize('method', ['area', 'mipmap', 'linear', 'nearest', 'cubic', 'lanczos'])
def test_resize_keeps_a_flat_image_flat(method):
    flat = Frame(np.full((31, 17, 3), 90, np.uint8), 'rgb')
    assert (tensor(flat, resize=method, dtype='uint8') == 90).all()


def noise(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize(('size', 'blur', 'most'), [
    ((96, 128), 0, 2), ((97, 128), 0, 1), ((90, 120), 2, 4), ((240, 320), 2, 4)])
def test_resize_area_is_the_mean_of_the_covered_pixels(size, blur, most):
    # where the ratio is no whole number, pixels of halves lie across the tensor's: noise shows it
    pixels = cv2.GaussianBlur(noise(*size), (0, 0), blur) if blur else noise(*size)
    whole = cv2.resize(pixels.astype(np.float32), (16, 12), interpolation=cv2.INTER_AREA)
    found = tensor(Frame(pixels, 'rgb'), dtype='uint8', width=16, height=12)[0]
    assert np.abs(found - whole).max() <= most


@pytest.mark.parametrize(('size', 'halved'), [
    ((48, 64), (12, 16)), ((47, 64), (47, 64)), ((20, 64), (20, 64)), ((40, 64), (20, 32))])
def test_resize_mipmap_halves_and_then_interpolates(size, halved):
    pixels = noise(*size)
    wanted = pixels
    while wanted.shape[:2] != halved:
        wanted = wanted.reshape(wanted.shape[0] // 2, 2, wanted.shape[1] // 2, 2, 3).mean((1, 3))
    wanted = cv2.resize(wanted.astype(np.float32), (16, 12), interpolation=cv2.INTER_LINEAR)
    found = tensor(Frame(pixels, 'rgb'), resize='mipmap', dtype='uint8', width=16, height=12)[0]
    assert np.abs(found - wanted).max() <= 2


@pytest.mark.parametrize('fields', [
    {'width': 0}, {'roi': (0.5, 0.0, 0.6, 1.0)}, {'roi': (0.0, 0.0, 0.0, 1.0)},
    {'roi': (0.0, float('nan'), 0.5, 0.5)}, {'mean': (float('nan'),)},
    {'mean': (0.0, 0.0)}, {'std': (0.0,)}, {'scale': 0.0}, {'color': 'hsv'}, {'extra': 1}])
def test_preprocess_spec_invalid_values_are_refused(fields):
    with pytest.raises(ValidationError):
        PreprocessSpec(**{'width': 16, 'height': 12, **fields})


@given(st.floats(0, 0.99), st.floats(0, 0.99), st.floats(0.001, 1), st.floats(0.001, 1),
       st.integers(1, 40), st.integers(1, 40))
def test_preprocess_any_region_of_any_frame_fills_the_tensor(x, y, w, h, height, width):
    roi = (x, y, min(w, 1 - x), min(h, 1 - y))
    frame = Frame(np.full((height, width, 3), 50, np.uint8), 'bgr')
    assert (tensor(frame, roi=roi, dtype='uint8') == 50).all()


@pytest.mark.parametrize('roi', [
    (0.5, 0.0, 0.6, 1.0), (0.0, 0.0, 0.5, 0.0), (-0.1, 0.0, 0.5, 0.5),
    (0.0, 0.0, float('nan'), 1.0), (0.0, 0.0, 1.0)])
def test_preprocess_region_outside_of_the_frame_is_refused(roi):
    with pytest.raises(ConfigError, match='roi must be x, y, width, height'):
        tensor(roi=roi)


@pytest.mark.parametrize('color', ['rgb', 'bgr', 'mono'])
@pytest.mark.parametrize('dtype', ['float32', 'uint8'])
def test_preprocess_tensor_does_not_share_memory_with_the_frame(color, dtype):
    pixels = GRADIENT if color != 'mono' else GRADIENT[..., 0].copy()
    spec = PreprocessSpec(width=64, height=48, color=color, dtype=dtype)
    result = Preprocessor(spec)(Frame(pixels, color))
    assert not np.shares_memory(result, pixels)
    assert result.flags.c_contiguous
    assert result.flags.writeable


def test_preprocess_accepts_padded_rows():
    padded = np.pad(GRADIENT.reshape(48, -1), ((0, 0), (0, 5)))
    frame = decode_image(padded, height=48, width=64, encoding='rgb8', step=197,
                         is_bigendian=False)
    np.testing.assert_array_equal(tensor(frame), tensor())


@pytest.mark.field(
    'mgonzs13/yolo_ros #39', 'a camera sends bgra8 and the network takes three channels')
@pytest.mark.parametrize(('pixels', 'color'), [
    (GRADIENT[..., 0], 'mono'), (GRADIENT[..., 0].astype('>u2') * 257, 'mono'),
    ((GRADIENT[..., 0] / 255).astype(np.float32), 'mono'),
    (np.dstack([GRADIENT[..., [0, 0, 0]], GRADIENT[..., 1]]), 'rgba')])
def test_preprocess_any_pixel_type_gives_the_channels(pixels, color):
    expected = tensor(Frame(GRADIENT[..., [0, 0, 0]], 'rgb'))
    np.testing.assert_allclose(tensor(Frame(pixels, color)), expected, atol=1e-6)


def test_preprocess_region_crop_and_letterbox_equal_values_by_hand():
    roi = (0.25, 0.0, 0.5, 1.0)
    square = tensor(roi=roi, crop='center_crop', dtype='uint8', width=32, height=32)
    np.testing.assert_array_equal(square[0], GRADIENT[8:40, 16:48])
    boxed = tensor(roi=roi, crop='letterbox', dtype='uint8', width=48, height=48)
    np.testing.assert_array_equal(boxed[0, :, 8:40], GRADIENT[:, 16:48])
    assert not boxed[0, :, :8].any()
    assert not boxed[0, :, 40:].any()

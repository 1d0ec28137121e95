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
from digiphys_ros.errors import FrameError
from digiphys_ros.perception.encodings import ENCODINGS, named
from digiphys_ros.perception.frame import decode_image
import numpy as np
import pytest

RNG = np.random.default_rng(0)


def decode(data, encoding, height, width, step, big=False):
    return decode_image(np.ascontiguousarray(data).tobytes(), height=height, width=width,
                        encoding=encoding, step=step, is_bigendian=big)


@pytest.mark.parametrize(('name', 'meant', 'bits'), [
    pytest.param('bayerrg8', 'bayer_rggb8', None, marks=pytest.mark.field(
        'strawlab/camera_aravis #3', "The driver sends the camera's own name of the encoding, "
        'bayerrg8.')),
    ('BayerRG8', 'bayer_rggb8', None), ('BayerGR8', 'bayer_grbg8', None),
    ('BayerGB8', 'bayer_gbrg8', None), ('BayerBG8', 'bayer_bggr8', None),
    ('BayerBG12', 'bayer_bggr16', 12), ('BayerRG16', 'bayer_rggb16', None),
    ('BAYER_RGGB8', 'bayer_rggb8', None), ('RGB8', 'rgb8', None), ('BGR8Packed', 'bgr8', None),
    ('RGBA8', 'rgba8', None), ('RGB12', 'rgb16', 12), ('Mono8', 'mono8', None),
    ('Mono10', 'mono16', 10), ('Mono12', 'mono16', 12), ('Mono14', 'mono16', 14),
    ('MONO16', 'mono16', None), ('YUV422Packed', 'uyvy', None), ('YUV422_8', 'yuyv', None),
    ('YUYV', 'yuyv', None), ('YUY2', 'yuyv', None), ('NV12', 'nv12', None),
    ('YU12', 'i420', None), ('8uc3', '8UC3', None), ('GREY', 'mono8', None)])
def test_named_maps_a_driver_name_to_its_encoding(name, meant, bits):
    assert named(name) == (meant, bits)


@pytest.mark.parametrize('encoding', ENCODINGS)
def test_named_ignores_case(encoding):
    assert named(encoding) == (encoding, None)
    assert named(encoding.upper()).encoding == encoding


@pytest.mark.parametrize('name', [
    'Mono12Packed', 'Mono12p', 'BayerRG12Packed10', 'Bayer8', 'rgbrg8', 'mono9', 'hsv8', ''])
def test_named_keeps_unknown_names(name):
    # Mono12Packed has two pixels in three bytes
    assert named(name) == (name, None)


def test_named_bits_scale_the_pixels():
    pixels = np.full((4, 4), 1000, '<u2')
    assert decode(pixels, 'Mono12', 4, 4, 8).converted('mono')[0, 0] == round(1000 * 255 / 4095)
    assert decode(pixels, 'Mono14', 4, 4, 8).converted('mono')[0, 0] == round(1000 * 255 / 16383)


@pytest.mark.field(
    'basler/pypylon #211', 'a camera sends BayerRG12, which is not converted to color')
@pytest.mark.parametrize('padding', [0, 3])
@pytest.mark.parametrize('big', [False, True])
@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
def test_bayer_16_bit_is_demosaiced_like_8_bit(pattern, big, padding):
    mosaic = RNG.integers(0, 256, (8, 8), np.uint8)
    mosaic[0, 0] = 255
    wide = (mosaic.astype(np.uint16) * 257).astype('>u2' if big else '<u2')
    rows = np.pad(wide.view(np.uint8).reshape(8, 16), ((0, 0), (0, padding)))
    ours = decode(rows, f'bayer_{pattern}16', 8, 8, 16 + padding, big)
    of_8_bits = decode(mosaic, f'bayer_{pattern}8', 8, 8, 8)
    np.testing.assert_allclose(ours.converted('rgb'), of_8_bits.converted('rgb'), atol=1)


def yuv(height, width):
    return [RNG.integers(16, 236, size, np.uint8)
            for size in ((height, width), (height // 2, width // 2), (height // 2, width // 2))]


@pytest.mark.parametrize('padding', [0, 4])
@pytest.mark.parametrize('encoding', ['i420', 'yv12'])
def test_i420_and_yv12_equal_nv12(encoding, padding):
    luma, u, v = yuv(4, 6)
    nv12 = decode(np.vstack([luma, np.stack([u, v], -1).reshape(2, 6)]), 'nv12', 4, 6, 6)
    planes = [np.pad(plane, ((0, 0), (0, gap))).ravel() for plane, gap in zip(
        (luma, u, v) if encoding == 'i420' else (luma, v, u),
        (padding, padding // 2, padding // 2), strict=True)]
    ours = decode(np.concatenate(planes), encoding, 4, 6, 6 + padding)
    np.testing.assert_array_equal(ours.pixels, nv12.pixels)


@pytest.mark.field('christianrauch/camera_ros #54', 'The driver sends nv24, which cv_bridge does '
                   'not know.')
@pytest.mark.parametrize('padding', [0, 2])
def test_nv24_with_paired_colors_equals_nv12(padding):
    luma, u, v = yuv(4, 6)
    pairs = np.stack([u, v], -1)
    nv12 = decode(np.vstack([luma, pairs.reshape(2, 6)]), 'nv12', 4, 6, 6)
    colors = pairs.repeat(2, axis=0).repeat(2, axis=1).reshape(4, 12)
    data = [np.pad(luma, ((0, 0), (0, padding))).ravel(),
            np.pad(colors, ((0, 0), (0, 2 * padding))).ravel()]
    ours = decode(np.concatenate(data), 'nv24', 4, 6, 6 + padding)
    np.testing.assert_allclose(ours.pixels.astype(int), nv12.pixels, atol=1)


def test_nv24_of_odd_size_is_decoded():
    gray = decode(np.full((9, 3), 128, np.uint8), 'nv24', 3, 3, 3)
    assert np.ptp(gray.pixels) == 0


def test_color_floats_are_0_to_1():
    pixels = np.zeros((2, 2, 3), '<f4')
    pixels[..., 0] = 1
    assert decode(pixels, '32FC3', 2, 2, 24).converted('rgb')[0, 0].tolist() == [0, 0, 255]


def image_bytes(rest):
    pixels = RNG.integers(1, 256, (20, 8, 3), np.uint8)
    return pixels, pixels.tobytes() + rest


@pytest.mark.parametrize('rest', [
    b'\0', bytes(100_000),
    pytest.param(b'\1' * (4096 - 480), marks=pytest.mark.field(
        'raspberrypi/libcamera #138', 'The buffer is larger than the image: its size is rounded '
        'up to memory pages.')),
    b'\1' * (16384 - 480), b'\1' * (65536 - 480),
    pytest.param(b'\1' * 12 * 24, marks=pytest.mark.field(
        'anholt/linux #12', 'The GPU rounds the height of the buffer up to 16 rows.'))],
    ids=len)
def test_padding_after_the_last_row_is_ignored(rest):
    pixels, data = image_bytes(rest)
    frame = decode_image(data, height=20, width=8, encoding='rgb8', step=24, is_bigendian=False)
    np.testing.assert_array_equal(frame.pixels, pixels)


@pytest.mark.parametrize(('fields', 'size'), [
    ({'height': 20, 'width': 8, 'step': 24}, 481), ({'height': 20, 'width': 8, 'step': 24}, 960),
    pytest.param({'height': 308, 'width': 410, 'step': 1230}, 399360, marks=pytest.mark.field(
        'UbiquityRobotics/raspicam_node #115', 'Rows are padded, but `step` does not say so: the '
        'image would lean.'))])
def test_bytes_after_the_last_row_that_are_not_padding_are_refused(fields, size):
    with pytest.raises(FrameError, match='bytes behind it are not padding'):
        decode_image(b'\1' * size, encoding='rgb8', is_bigendian=False, **fields)


def test_rows_between_the_planes_are_not_padding():
    # 20 rows rounded up to 32: where the colors begin is unknown
    with pytest.raises(FrameError, match='bytes behind it are not padding'):
        decode_image(b'\1' * (32 * 8 * 3 // 2), height=20, width=8, encoding='nv12', step=8,
                     is_bigendian=False)


def test_8uc4_is_bgra():
    pixels = RNG.integers(0, 256, (4, 4, 4), np.uint8)
    np.testing.assert_array_equal(decode(pixels, '8UC4', 4, 4, 16).converted('mono'),
                                  cv2.cvtColor(pixels, cv2.COLOR_BGRA2GRAY))

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

from contextlib import suppress

import cv2
from digiphys_ros.errors import FrameError
from digiphys_ros.perception.frame import decode_compressed, decode_image, ENCODINGS, Frame
from hypothesis import given, strategies as st
import numpy as np
import pytest

RNG = np.random.default_rng(0)
BYTES = {'rgb8': 3, 'bgr8': 3, '8UC3': 3, 'rgba8': 4, 'bgra8': 4, 'mono8': 1, '8UC1': 1,
         'mono16': 2, '16UC1': 2, '32FC1': 4}


def decode(pixels, encoding, *, padding=0, big=False, height=None, width=None):
    """Decode rows of bytes to which ``padding`` bytes are added."""
    rows = pixels.reshape(pixels.shape[0], -1).view(np.uint8)
    padded = np.pad(rows, ((0, 0), (0, padding)), constant_values=170)
    return decode_image(padded.tobytes(), height=height or pixels.shape[0],
                        width=width or pixels.shape[1], encoding=encoding,
                        step=padded.shape[1], is_bigendian=big)


@pytest.mark.parametrize('padding', [0, 5])
@pytest.mark.parametrize(('encoding', 'colour'), [
    ('rgb8', 'rgb'), ('bgr8', 'bgr'), ('8UC3', 'bgr'), ('rgba8', 'rgba'), ('bgra8', 'bgra'),
    ('mono8', 'mono'), ('8UC1', 'mono')])
def test_eight_bit_encodings(encoding, colour, padding):
    shape = (4, 6) if colour == 'mono' else (4, 6, BYTES[encoding])
    pixels = RNG.integers(0, 256, shape, np.uint8)
    frame = decode(pixels, encoding, padding=padding)
    assert frame.colour == colour
    np.testing.assert_array_equal(frame.pixels, pixels)


@pytest.mark.parametrize('padding', [0, 3])
@pytest.mark.parametrize('big', [False, True])
@pytest.mark.parametrize(('encoding', 'kind'), [('mono16', 'u2'), ('16UC1', 'u2'),
                                                ('32FC1', 'f4')])
def test_wide_encodings_in_both_byte_orders(encoding, kind, big, padding):
    values = RNG.integers(0, 65536, (3, 5)).astype(np.float64)
    pixels = (values if kind == 'u2' else values / 65535).astype(('>' if big else '<') + kind)
    frame = decode(pixels, encoding, padding=padding, big=big)
    np.testing.assert_array_equal(frame.pixels, pixels)
    np.testing.assert_allclose(frame.converted('mono'), values * 255 / 65535, atol=0.51)


@pytest.mark.parametrize('encoding', sorted(BYTES))
@pytest.mark.parametrize('padding', [0, 4])
def test_plain_encodings_are_views(encoding, padding):
    step = 6 * BYTES[encoding] + padding
    data = np.zeros(4 * step, np.uint8)
    frame = decode_image(data, height=4, width=6, encoding=encoding, step=step,
                         is_bigendian=False)
    assert np.shares_memory(frame.pixels, data)


@pytest.mark.parametrize('padding', [0, 3])
@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
def test_bayer_patterns(pattern, padding):
    colour = {'r': 200, 'g': 120, 'b': 40}
    tile = np.array([colour[letter] for letter in pattern], np.uint8).reshape(2, 2)
    frame = decode(np.tile(tile, (4, 4)), f'bayer_{pattern}8', padding=padding)
    # a picture of one colour: each of its pixels is that colour, borders aside
    np.testing.assert_array_equal(
        frame.converted('rgb')[2:-2, 2:-2], np.full((4, 4, 3), (200, 120, 40)))


def yuv_of(red, green, blue):
    """Return the ITU-R BT.601 studio-range values of a colour."""
    y = 16 + (65.738 * red + 129.057 * green + 25.064 * blue) / 256
    u = 128 + (-37.945 * red - 74.494 * green + 112.439 * blue) / 256
    v = 128 + (112.439 * red - 94.154 * green - 18.285 * blue) / 256
    return round(y), round(u), round(v)


@pytest.mark.parametrize('padding', [0, 6])
@pytest.mark.parametrize(('encoding', 'order'), [
    ('yuv422', 'uyvy'), ('uyvy', 'uyvy'), ('yuv422_yuy2', 'yuyv'), ('yuyv', 'yuyv')])
def test_yuv422(encoding, order, padding):
    y, u, v = yuv_of(200, 120, 40)
    by_name = iter([u, v])
    pair = [y if letter == 'y' else next(by_name) for letter in order]
    packed = np.tile(np.array(pair, np.uint8), (4, 3)).reshape(4, 6, 2)
    frame = decode(packed, encoding, padding=padding)
    np.testing.assert_allclose(frame.converted('rgb'), np.full((4, 6, 3), (200, 120, 40)), atol=3)


@pytest.mark.parametrize('padding', [0, 2])
@pytest.mark.parametrize(('encoding', 'swapped'), [('nv12', False), ('nv21', True)])
def test_nv12_and_nv21(encoding, swapped, padding):
    y, u, v = yuv_of(200, 120, 40)
    planes = np.full((6, 6), y, np.uint8)
    planes[4:, 0::2], planes[4:, 1::2] = (v, u) if swapped else (u, v)
    frame = decode(planes, encoding, padding=padding, height=4)
    assert frame.pixels.shape == (4, 6, 3)
    np.testing.assert_allclose(frame.converted('rgb'), np.full((4, 6, 3), (200, 120, 40)), atol=3)


@pytest.mark.parametrize('encoding', ENCODINGS)
def test_agrees_with_cv_bridge(encoding):
    bridge = pytest.importorskip('cv_bridge').CvBridge()
    messages = pytest.importorskip('sensor_msgs.msg')
    rows = 6 if encoding.startswith('nv') else 4
    step = 6 * BYTES.get(encoding, 2 if 'yu' in encoding or 'uy' in encoding else 1)
    data = RNG.integers(0, 256, rows * step, np.uint8)
    if encoding == '32FC1':
        data = RNG.random(24, np.float32).view(np.uint8)
    message = messages.Image(height=4, width=6, encoding=encoding, step=step,
                             data=data.tobytes())
    ours = decode_image(data, height=4, width=6, encoding=encoding, step=step,
                        is_bigendian=False)
    theirs = bridge.imgmsg_to_cv2(message)
    if ours.pixels.shape == theirs.shape:
        np.testing.assert_array_equal(ours.pixels, theirs)
    else:
        np.testing.assert_array_equal(ours.converted('bgr'),
                                      bridge.imgmsg_to_cv2(message, 'bgr8'))


@pytest.mark.parametrize(('fields', 'words'), [
    ({'size': 71}, ['71 bytes', 'step of 18 x 4', '72']),
    ({'size': 73}, ['73 bytes', 'step of 18 x 4', '72']),
    ({'step': 17, 'size': 68}, ['step is 17', '18']),
    ({'height': 0, 'size': 0}, ['6x0']),
    ({'width': 0}, ['0x4']),
    ({'encoding': 'rgb9'}, ['"rgb9"', 'rgb8', 'cv_bridge']),
    ({'encoding': 'yuyv', 'width': 5, 'step': 18}, ['5x4', 'even']),
    ({'encoding': 'nv12', 'height': 3, 'step': 18}, ['6x3', 'even']),
    ({'encoding': 'nv12', 'step': 18}, ['72 bytes', '108']),
    ({'encoding': 'bayer_rggb8', 'width': 1, 'step': 18}, ['1x4']),
])
def test_what_does_not_fit_is_told(fields, words):
    given_fields = {'height': 4, 'width': 6, 'encoding': 'rgb8', 'step': 18, 'size': 72, **fields}
    data = bytes(given_fields.pop('size'))
    with pytest.raises(FrameError) as refused:
        decode_image(data, is_bigendian=False, **given_fields)
    for word in words:
        assert word in str(refused.value)


@given(data=st.binary(max_size=200), height=st.integers(-1, 9), width=st.integers(-1, 9),
       encoding=st.sampled_from([*ENCODINGS, 'odd']), step=st.integers(-1, 40),
       big=st.booleans())
def test_whatever_arrives_is_a_frame_of_that_size_or_a_frame_error(
        data, height, width, encoding, step, big):
    try:
        frame = decode_image(data, height=height, width=width, encoding=encoding, step=step,
                             is_bigendian=big)
    except FrameError:
        return
    assert frame.pixels.shape[:2] == (height, width)
    assert frame.converted('rgb').shape == (height, width, 3)


PICTURE = cv2.GaussianBlur(RNG.integers(0, 256, (48, 64, 3), np.uint8), (0, 0), 4)


@pytest.mark.parametrize(('ending', 'tolerance'), [('.png', 0), ('.jpg', 12), ('.webp', 12)])
def test_compressed_colour_images(ending, tolerance):
    data = cv2.imencode(ending, PICTURE)[1]
    frame = decode_compressed(data.tobytes(), 'bgr8; jpeg compressed bgr8')
    assert frame.colour == 'bgr'
    assert np.abs(frame.pixels.astype(int) - PICTURE).mean() <= tolerance


def test_compressed_grey_images():
    frame = decode_compressed(cv2.imencode('.png', PICTURE[..., 0])[1].tobytes(), 'png')
    assert frame.colour == 'mono'
    np.testing.assert_array_equal(frame.pixels, PICTURE[..., 0])


@pytest.mark.parametrize('ending', ['.jpg', '.png', '.webp'])
@pytest.mark.parametrize('share', [0.0, 0.1, 0.5])
def test_truncated_files_are_refused(ending, share):
    data = cv2.imencode(ending, PICTURE)[1].tobytes()
    with pytest.raises(FrameError):
        decode_compressed(data[:int(share * len(data))], ending)


def test_depth_and_nonsense_are_refused():
    with pytest.raises(FrameError, match='compressedDepth'):
        decode_compressed(b'\x00' * 40, '16UC1; compressedDepth png')
    with pytest.raises(FrameError, match='no JPEG, PNG or WebP'):
        decode_compressed(b'hello', 'jpeg')


@given(st.binary(max_size=300))
def test_any_bytes_behind_a_jpeg_head_are_a_frame_or_a_frame_error(tail):
    with suppress(FrameError):
        decode_compressed(b'\xff\xd8\xff' + tail + b'\xff\xd9', 'jpeg')


def test_converted_keeps_what_is_right_already():
    pixels = np.zeros((2, 2, 3), np.uint8)
    assert Frame(pixels, 'rgb').converted('rgb') is pixels


def test_floats_saturate_and_nan_is_black():
    pixels = np.array([[-1.0, 0.5, 2.0, np.nan, np.inf]], np.float32)
    assert Frame(pixels, 'mono').converted('mono').tolist() == [[0, 128, 255, 0, 255]]

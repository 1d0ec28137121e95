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

from array import array
import struct
import sys
from types import ModuleType

from digiphys_ros.errors import FrameError
from digiphys_ros.perception.frame import (
    decode_compressed,
    decode_image,
    decode_image_file,
    ENCODINGS,
    Frame,
)
from hypothesis import given, strategies as st
import numpy as np
import pytest

RNG = np.random.default_rng(0)
BYTES = {'rgb8': 3, 'bgr8': 3, '8UC3': 3, 'rgba8': 4, 'bgra8': 4, 'mono8': 1, '8UC1': 1,
         'mono16': 2, '16UC1': 2, '32FC1': 4, '8UC4': 4, 'rgb16': 6, 'bgr16': 6, '16UC3': 6,
         'rgba16': 8, 'bgra16': 8, '16UC4': 8, '32FC3': 12, '32FC4': 16}


def decode(pixels, encoding, *, padding=0, big=False, height=None, width=None):
    """Decode rows of bytes to which ``padding`` bytes are added."""
    rows = pixels.reshape(pixels.shape[0], -1).view(np.uint8)
    padded = np.pad(rows, ((0, 0), (0, padding)), constant_values=170)
    return decode_image(padded.tobytes(), height=height or pixels.shape[0],
                        width=width or pixels.shape[1], encoding=encoding,
                        step=padded.shape[1], is_bigendian=big)


@pytest.mark.field('ros-perception/vision_opencv #115', 'rows are padded and `step` is ignored')
@pytest.mark.parametrize('padding', [0, 5])
@pytest.mark.parametrize(('encoding', 'color'), [
    ('rgb8', 'rgb'), ('bgr8', 'bgr'), ('8UC3', 'bgr'), ('rgba8', 'rgba'), ('bgra8', 'bgra'),
    ('mono8', 'mono'), ('8UC1', 'mono'), ('8UC4', 'bgra')])
def test_eight_bit_encodings(encoding, color, padding):
    shape = (4, 6) if color == 'mono' else (4, 6, BYTES[encoding])
    pixels = RNG.integers(0, 256, shape, np.uint8)
    frame = decode(pixels, encoding, padding=padding)
    assert frame.color == color
    np.testing.assert_array_equal(frame.pixels, pixels)


@pytest.mark.field('ros-perception/vision_opencv #7', 'a mono16 camera sends big-endian pixels')
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


@pytest.mark.parametrize('padding', [0, 3])
@pytest.mark.parametrize('big', [False, True])
@pytest.mark.parametrize(('encoding', 'kind', 'order'), [
    ('rgb16', 'u2', 'rgb'), ('bgr16', 'u2', 'bgr'), ('16UC3', 'u2', 'bgr'),
    ('rgba16', 'u2', 'rgba'), ('bgra16', 'u2', 'bgra'), ('16UC4', 'u2', 'bgra'),
    ('32FC3', 'f4', 'bgr'), ('32FC4', 'f4', 'bgra')])
def test_wide_color_encodings_in_both_byte_orders(encoding, kind, order, big, padding):
    values = RNG.integers(0, 256, (3, 5, len(order))) * 257
    values[0, 0, 0] = 65535
    pixels = (values if kind == 'u2' else values / 65535).astype(('>' if big else '<') + kind)
    frame = decode(pixels, encoding, padding=padding, big=big)
    assert frame.color == order
    np.testing.assert_array_equal(frame.pixels, pixels)
    rgb = [order.index(letter) for letter in 'rgb']
    np.testing.assert_array_equal(frame.converted('rgb'), values[..., rgb] // 257)


@pytest.mark.parametrize('encoding', sorted(BYTES))
@pytest.mark.parametrize('padding', [0, 4])
def test_plain_encodings_are_views(encoding, padding):
    step = 6 * BYTES[encoding] + padding
    data = np.zeros(4 * step, np.uint8)
    frame = decode_image(data, height=4, width=6, encoding=encoding, step=step,
                         is_bigendian=False)
    assert np.shares_memory(frame.pixels, data)


@pytest.mark.parametrize('wrap', [bytes, bytearray, memoryview, lambda data: array('B', data)])
def test_any_contiguous_buffer_is_accepted(wrap):
    data = wrap(bytes(range(24)))
    frame = decode_image(data, height=2, width=3, encoding='rgb8', step=12, is_bigendian=False)
    assert frame.pixels[1, 2].tolist() == [18, 19, 20]
    assert np.shares_memory(frame.pixels, np.frombuffer(data, np.uint8))


@pytest.mark.parametrize('size', [(3, 3), (3, 8), (5, 4)])
@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
def test_small_and_odd_bayer_images_up_to_the_border(pattern, size):
    color = {'r': 200, 'g': 120, 'b': 40}
    tile = np.array([color[letter] for letter in pattern], np.uint8).reshape(2, 2)
    frame = decode(np.tile(tile, (4, 4))[:size[0], :size[1]].copy(), f'bayer_{pattern}8')
    assert (frame.converted('rgb') == (200, 120, 40)).all()


@pytest.mark.field(
    'opencv/opencv #19629',
    'red and blue change places as OpenCV names Bayer patterns differently')
@pytest.mark.parametrize('padding', [0, 3])
@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
def test_bayer_patterns(pattern, padding):
    color = {'r': 200, 'g': 120, 'b': 40}
    tile = np.array([color[letter] for letter in pattern], np.uint8).reshape(2, 2)
    frame = decode(np.tile(tile, (4, 4)), f'bayer_{pattern}8', padding=padding)
    # an image of one color: each of its pixels is that color, borders aside
    np.testing.assert_array_equal(
        frame.converted('rgb')[2:-2, 2:-2], np.full((4, 4, 3), (200, 120, 40)))


def rgb_of(y, u, v):
    """Return the RGB colors of ITU-R BT.601 studio-range planes."""
    y, u, v = (1.164 * (y.astype(float) - 16), u.astype(float) - 128, v.astype(float) - 128)
    rgb = np.stack([y + 1.596 * v, y - 0.813 * v - 0.391 * u, y + 2.018 * u], axis=-1)
    return np.clip(rgb, 0, 255)


@pytest.mark.field('ros-perception/image_pipeline #1021', 'a USB camera sends yuv422_yuy2')
@pytest.mark.parametrize('padding', [0, 6])
@pytest.mark.parametrize(('encoding', 'order'), [
    ('yuv422', 'uyvy'), ('uyvy', 'uyvy'), ('yuv422_yuy2', 'yuyv'), ('yuyv', 'yuyv')])
def test_yuv422_pixel_by_pixel(encoding, order, padding):
    packed = RNG.integers(16, 236, (4, 6, 2), np.uint8)
    luma, chroma = (1, 0) if order == 'uyvy' else (0, 1)
    u, v = (packed[:, start::2, chroma].repeat(2, axis=1) for start in (0, 1))
    frame = decode(packed, encoding, padding=padding)
    np.testing.assert_allclose(
        frame.converted('rgb'), rgb_of(packed[..., luma], u, v), atol=2)


@pytest.mark.parametrize('padding', [0, 2])
@pytest.mark.parametrize(('encoding', 'first'), [('nv12', 'u'), ('nv21', 'v')])
def test_nv12_and_nv21_pixel_by_pixel(encoding, first, padding):
    planes = RNG.integers(16, 236, (6, 6), np.uint8)
    chroma = [planes[4:, start::2].repeat(2, axis=0).repeat(2, axis=1) for start in (0, 1)]
    u, v = chroma if first == 'u' else reversed(chroma)
    frame = decode(planes, encoding, padding=padding, height=4)
    assert frame.pixels.shape == (4, 6, 3)
    np.testing.assert_allclose(frame.converted('rgb'), rgb_of(planes[:4], u, v), atol=2)


# cv_bridge has no planar YUV and only the older names of the packed one
PLANAR = ('nv12', 'nv21', 'nv24', 'i420', 'yv12')
OLDER_NAMES = {'uyvy': 'yuv422', 'yuyv': 'yuv422_yuy2'}


@pytest.mark.ros_tools
@pytest.mark.parametrize('big', [False, True])
@pytest.mark.parametrize('padding', [0, 2])
@pytest.mark.parametrize('encoding', [name for name in ENCODINGS if name not in PLANAR])
def test_agrees_with_cv_bridge(encoding, padding, big):
    bridge = pytest.importorskip('cv_bridge').CvBridge()
    messages = pytest.importorskip('sensor_msgs.msg')
    if big and np.lib.NumpyVersion(np.__version__) >= '2.0.0':
        pytest.skip('cv_bridge swaps bytes by a method that NumPy 2 does not have')
    pixel_bytes = BYTES.get(encoding, 2 if 'yu' in encoding or 'uy' in encoding
                            or encoding.endswith('16') else 1)
    # whole pixels: cv_bridge shears an image whose padding is anything else
    step = (6 + padding) * pixel_bytes
    data = RNG.integers(0, 256, 4 * step).astype(np.uint8)
    if encoding.startswith('32F'):
        data = RNG.random(4 * step // 4).astype('>f4' if big else '<f4').view(np.uint8)
    message = messages.Image(height=4, width=6, encoding=OLDER_NAMES.get(encoding, encoding),
                             step=step, is_bigendian=big, data=data.tobytes())
    ours = decode_image(data, height=4, width=6, encoding=encoding, step=step, is_bigendian=big)
    theirs = bridge.imgmsg_to_cv2(message)
    if ours.pixels.shape == theirs.shape:
        np.testing.assert_array_equal(ours.pixels, theirs)
    else:
        np.testing.assert_allclose(ours.converted('bgr'), bridge.imgmsg_to_cv2(message, 'bgr8'),
                                   atol=1)


def fake_cv_bridge(monkeypatch, answer):
    class CvBridge:
        imgmsg_to_cv2 = staticmethod(answer)
    module = ModuleType('cv_bridge')
    module.CvBridge = CvBridge
    monkeypatch.setitem(sys.modules, 'cv_bridge', module)


def test_other_encodings_are_decoded_by_cv_bridge(monkeypatch):
    def answer(message, wanted):
        assert (message.encoding, message.height, message.width) == ('16SC3', 2, 3)
        assert (message.step, message.is_bigendian, wanted) == (18, 1, 'bgr8')
        return np.frombuffer(message.data, np.uint8).reshape(2, 3, 6)[..., :3]
    fake_cv_bridge(monkeypatch, answer)
    data = bytes(range(36))
    frame = decode_image(data, height=2, width=3, encoding='16SC3', step=18, is_bigendian=True)
    assert (frame.color, frame.pixels[1, 2].tolist()) == ('bgr', [30, 31, 32])


def test_encoding_unknown_to_cv_bridge_is_refused(monkeypatch):
    def answer(message, wanted):
        raise RuntimeError('Unrecognized image encoding [hsv8]')
    fake_cv_bridge(monkeypatch, answer)
    with pytest.raises(FrameError, match=r'cv_bridge cannot read encoding "hsv8".*Unrecognized'):
        decode_image(bytes(12), height=2, width=2, encoding='hsv8', step=6, is_bigendian=False)


@pytest.mark.parametrize('data', [[0] * 72, np.zeros((4, 36), np.uint8)[:, ::2], None, 'x' * 72])
def test_data_without_a_buffer_is_refused(data):
    with pytest.raises(FrameError, match='contiguous buffer'):
        decode_image(data, height=4, width=6, encoding='rgb8', step=18, is_bigendian=False)
    with pytest.raises(FrameError, match='contiguous buffer'):
        decode_compressed(data, 'jpeg')


@pytest.mark.parametrize(('fields', 'words'), [
    ({'size': 71}, ['71 bytes', 'step of 18 x 4', '72']),
    ({'size': 73}, ['73 bytes', 'step of 18 x 4', '72', '1 bytes behind it are not padding']),
    ({'encoding': 'i420', 'step': 7, 'size': 42}, ['step is 7', 'even']),
    ({'encoding': 'nv24', 'step': 18}, ['72 bytes', '4 of brightness and 8 of color', '216']),
    ({'step': 17, 'size': 68}, ['step is 17', '18']),
    ({'height': 0, 'size': 0}, ['6x0']),
    ({'width': 0}, ['0x4']),
    ({'encoding': 'rgb9'}, ['"rgb9"', 'rgb8', 'cv_bridge']),
    ({'encoding': 'yuyv', 'width': 5, 'step': 18}, ['5x4', 'even']),
    ({'encoding': 'nv12', 'height': 3, 'step': 18}, ['6x3', 'even']),
    ({'encoding': 'nv12', 'step': 18}, ['72 bytes', '108']),
    ({'encoding': 'bayer_rggb8', 'width': 2, 'step': 18}, ['2x4', '3x3']),
    ({'encoding': 'rgb9', 'size': 71}, ['71 bytes', '72']),
])
def test_inconsistent_fields_are_refused(monkeypatch, fields, words):
    monkeypatch.setitem(sys.modules, 'cv_bridge', None)
    given_fields = {'height': 4, 'width': 6, 'encoding': 'rgb8', 'step': 18, 'size': 72, **fields}
    data = b'\1' * given_fields.pop('size')
    with pytest.raises(FrameError) as refused:
        decode_image(data, is_bigendian=False, **given_fields)
    for word in words:
        assert word in str(refused.value)


@given(data=st.binary(max_size=400), height=st.integers(-1, 9), width=st.integers(-1, 9),
       encoding=st.sampled_from([*ENCODINGS, 'odd']), step=st.integers(-1, 40),
       big=st.booleans())
def test_any_fields_give_a_frame_or_a_frame_error(
        data, height, width, encoding, step, big):
    try:
        frame = decode_image(data, height=height, width=width, encoding=encoding, step=step,
                             is_bigendian=big)
    except FrameError:
        return
    assert frame.pixels.shape[:2] == (height, width)
    assert frame.converted('rgb').shape == (height, width, 3)


def oriented_jpeg(pixels, orientation):
    """Return a JPEG file with a mark of EXIF that says which side is up."""
    import cv2
    file = cv2.imencode('.jpg', pixels)[1].tobytes()
    entry = struct.pack('<HHIHH', 0x0112, 3, 1, orientation, 0)
    exif = b'Exif\0\0II*\0' + struct.pack('<IH', 8, 1) + entry + bytes(4)
    return file[:2] + b'\xff\xe1' + struct.pack('>H', len(exif) + 2) + exif + file[2:]


@pytest.mark.parametrize('least_size', [None, (4, 4)])
@pytest.mark.parametrize(('orientation', 'turned'), [
    (3, lambda pixels: pixels[::-1, ::-1]), (6, lambda pixels: np.rot90(pixels, -1)),
    (8, lambda pixels: np.rot90(pixels))])
def test_exif_orientation_rotates_files_but_not_camera_frames(orientation, turned, least_size):
    # the mounting of a camera is constant, independent of its driver
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:24, :32] = 255
    data = oriented_jpeg(pixels, orientation)
    seen = decode_compressed(data, 'jpeg', least_size).converted('mono') > 127
    step = 48 // seen.shape[0]
    np.testing.assert_array_equal(seen, pixels[::step, ::step, 0] > 127)
    upright = decode_image_file(data).converted('mono') > 127
    np.testing.assert_array_equal(upright, turned(pixels[..., 0] > 127))


def test_converted_keeps_pixels_in_the_right_order():
    pixels = np.zeros((2, 2, 3), np.uint8)
    assert Frame(pixels, 'rgb').converted('rgb') is pixels


def test_floats_saturate_and_nan_is_black():
    pixels = np.array([[-1.0, 0.5, 2.0, np.nan, np.inf]], np.float32)
    assert Frame(pixels, 'mono').converted('mono').tolist() == [[0, 128, 255, 0, 255]]


@pytest.mark.parametrize('kind', ['<u2', '>u2'])
def test_16_bits_become_8_by_rounding(kind):
    values = np.arange(65536).reshape(256, 256)
    np.testing.assert_array_equal(
        Frame(values.astype(kind), 'mono').converted('mono'), np.rint(values * 255 / 65535))

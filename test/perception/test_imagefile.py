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
from contextlib import suppress
import io
from itertools import islice
import resource
import sys
import zipfile

import cv2
from digiphys_ros.errors import FrameError
from digiphys_ros.perception.frame import decode_compressed
from digiphys_ros.perception.imagefile import decode_file
from digiphys_ros.perception.jpegfile import jpeg_size
from hypothesis import given, strategies as st
import numpy as np
import pytest

IMAGE = cv2.GaussianBlur(
    np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8), (0, 0), 4)


@pytest.mark.parametrize(('ending', 'tolerance'), [
    ('.png', 0), ('.jpg', 12), ('.webp', 12), ('.tiff', 0)])
def test_compressed_color_images(ending, tolerance):
    data = cv2.imencode(ending, IMAGE)[1]
    frame = decode_compressed(data.tobytes(), 'bgr8; jpeg compressed bgr8')
    assert frame.color == 'bgr'
    assert np.abs(frame.pixels.astype(int) - IMAGE).mean() <= tolerance


def test_compressed_gray_images():
    frame = decode_compressed(cv2.imencode('.png', IMAGE[..., 0])[1].tobytes(), 'png')
    assert frame.color == 'mono'
    np.testing.assert_array_equal(frame.pixels, IMAGE[..., 0])


@pytest.mark.field('pytorch/vision #2471', 'a JPEG is cut off')
@pytest.mark.parametrize('ending', ['.jpg', '.png', '.webp', '.tiff'])
@pytest.mark.parametrize('share', [0.0, 0.1, 0.5])
def test_truncated_files_are_refused(ending, share):
    data = cv2.imencode(ending, IMAGE)[1].tobytes()
    with pytest.raises(FrameError):
        decode_compressed(data[:int(share * len(data))], ending)


@pytest.mark.parametrize('ending', ['.jpg', '.png', '.webp'])
def test_file_without_its_last_byte_is_refused_and_padding_accepted(ending):
    data = cv2.imencode(ending, IMAGE)[1].tobytes()
    with pytest.raises(FrameError, match='ends too early'):
        decode_compressed(data[:-1], ending)
    assert decode_compressed(data + bytes(500), ending).pixels.shape == IMAGE.shape


@pytest.mark.parametrize('wrap', [memoryview, np.asarray, lambda data: array('B', data.tobytes())])
def test_compressed_data_in_any_buffer(wrap):
    data = cv2.imencode('.png', IMAGE)[1]
    np.testing.assert_array_equal(decode_compressed(wrap(data), 'png').pixels, IMAGE)


@pytest.mark.parametrize('pixels', [
    np.dstack([IMAGE, IMAGE[..., 0]]), IMAGE.astype(np.uint16) * 257])
def test_transparent_and_16_bit_files_become_8_bit_bgr(pixels):
    frame = decode_compressed(cv2.imencode('.png', pixels)[1].tobytes(), 'png')
    np.testing.assert_array_equal(frame.converted('bgr'), IMAGE)


def test_depth_images_and_other_bytes_are_refused():
    with pytest.raises(FrameError, match='compressedDepth'):
        decode_compressed(b'\x00' * 40, '16UC1; compressedDepth png')
    with pytest.raises(FrameError, match='not a JPEG, PNG, WebP or TIFF'):
        decode_compressed(b'hello', 'jpeg')


@given(st.binary(max_size=300))
def test_any_bytes_after_a_jpeg_header_give_a_frame_or_a_frame_error(tail):
    with suppress(FrameError):
        decode_compressed(b'\xff\xd8\xff' + tail + b'\xff\xd9', 'jpeg')


def test_real_photographs(data_dir):
    with zipfile.ZipFile(data_dir / 'traffic_light_train.zip') as archive:
        for name in archive.namelist()[:20]:
            data = archive.read(name)
            assert decode_compressed(data, 'jpeg').color == 'bgr'
            with pytest.raises(FrameError, match='ends too early'):
                decode_compressed(data[:-len(data) // 4], 'jpeg')


@pytest.mark.parametrize('flags', [[], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]])
@pytest.mark.parametrize('image', [IMAGE, IMAGE[..., 0]])
def test_jpeg_size_is_read_from_the_header(image, flags):
    assert jpeg_size(cv2.imencode('.jpg', image, flags)[1]) == (48, 64)


@given(st.binary(max_size=80))
def test_image_size_of_arbitrary_bytes_does_not_fail(noise):
    assert jpeg_size(np.frombuffer(noise, np.uint8)) is None
    jpeg_size(np.frombuffer(b'\xff\xd8\xff' + noise, np.uint8))


@pytest.mark.parametrize(('least', 'size'), [
    (None, (480, 640)), ((64, 64), (120, 160)), ((200, 200), (240, 320)), ((241, 10), (480, 640)),
    ((10, 10), (60, 80))])
@pytest.mark.parametrize('gray', [False, True])
def test_jpeg_is_decoded_no_larger_than_needed(least, size, gray):
    image = cv2.resize(IMAGE, (640, 480))
    data = cv2.imencode('.jpg', image[..., 0] if gray else image)[1].tobytes()
    frame = decode_compressed(data, 'jpeg', least)
    assert frame.pixels.shape[:2] == size
    whole = decode_compressed(data, 'jpeg').converted('bgr')
    means = cv2.resize(whole, size[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(frame.converted('bgr').astype(int) - means).max() <= 4


def test_other_formats_are_decoded_at_full_size():
    data = cv2.imencode('.png', IMAGE)[1].tobytes()
    assert decode_compressed(data, 'png', (4, 4)).pixels.shape == IMAGE.shape


@pytest.mark.parametrize('size', [(640, 480), (1920, 1080)])
def test_reduced_jpeg_is_classified_as_the_full_image(size):
    from digiphys_ros.applications.traffic_signs.drawn_course import Course
    from digiphys_ros.bundles import load_bundle
    from digiphys_ros.perception import Classifier, create_engine
    from digiphys_ros.resources import share_dir
    bundle = load_bundle(share_dir() / 'models' / 'traffic_signs')
    classifier = Classifier(bundle, create_engine(bundle, 'litert')[0])
    for frame in islice(Course().frames(), 0, 600, 40):
        image = cv2.cvtColor(cv2.resize(frame.pixels, size), cv2.COLOR_RGB2BGR)
        data = cv2.imencode('.jpg', image)[1].tobytes()
        small = decode_compressed(data, 'jpeg', classifier.least_size)
        assert small.pixels.shape[0] < size[1]
        one, other = (classifier(each).probabilities
                      for each in (small, decode_compressed(data, 'jpeg')))
        assert np.abs(one - other).max() < 0.05


def jpeg(image=IMAGE, *flags):
    return cv2.imencode('.jpg', image, list(flags))[1].tobytes()


@pytest.mark.field('ros-drivers/usb_cam #389', 'Each JPEG ends before the message does: behind it '
                   'are the bytes of an earlier frame.')
@pytest.mark.parametrize('flags', [[], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1],
                                   [cv2.IMWRITE_JPEG_RST_INTERVAL, 2]])
@pytest.mark.parametrize('rest', [b'x', b'\xff' * 200, bytes(4096) + b'\x01', jpeg()[-500:],
                                  jpeg()], ids=['byte', 'ones', 'zeros', 'tail', 'jpeg'])
def test_jpeg_with_bytes_after_its_end_is_decoded(flags, rest):
    data = jpeg(IMAGE, *flags)
    np.testing.assert_array_equal(decode_compressed(data + rest, 'jpeg').pixels,
                                  decode_compressed(data, 'jpeg').pixels)
    np.testing.assert_array_equal(decode_file(np.frombuffer(data + rest, np.uint8)),
                                  decode_file(np.frombuffer(data, np.uint8)))


@pytest.mark.parametrize('rest', [b'', bytes(4096), b'\xff' * 100, jpeg()],
                         ids=['nothing', 'zeros', 'ones', 'jpeg'])
def test_truncated_jpeg_with_bytes_after_it_is_refused(rest):
    data = jpeg()
    for size in (len(data) // 2, len(data) - 2):
        with pytest.raises(FrameError, match=r'ends too early|file is broken'):
            decode_compressed(data[:size] + rest, 'jpeg')


def with_thumbnail(data):
    """Return a JPEG with another one in an application segment, as cameras write it."""
    small = b'Exif\0\0' + jpeg(IMAGE[::4, ::4])
    return data[:2] + b'\xff\xe1' + (len(small) + 2).to_bytes(2, 'big') + small + data[2:]


def test_end_marker_of_a_thumbnail_is_not_the_end_of_the_jpeg():
    data = with_thumbnail(jpeg())
    assert decode_compressed(data, 'jpeg').pixels.shape == IMAGE.shape
    with pytest.raises(FrameError, match='ends too early'):
        decode_compressed(data[:len(data) // 2], 'jpeg')


def test_png_with_bytes_after_its_end_is_decoded():
    data = cv2.imencode('.png', IMAGE)[1].tobytes()
    np.testing.assert_array_equal(decode_compressed(data + jpeg(), 'png').pixels, IMAGE)


@pytest.mark.parametrize('compression', [1, 5, 8, 32773])
@pytest.mark.parametrize('kind', [np.uint8, np.uint16, np.float32])
def test_compressed_tiff_of_each_depth_is_decoded(compression, kind):
    if kind == np.float32 and compression == 32773:
        pytest.skip('OpenCV writes none')
    scale = {np.uint8: 1, np.uint16: 257, np.float32: 1 / 255}[kind]
    pixels = (IMAGE * np.float64(scale)).astype(kind)
    data = cv2.imencode('.tiff', pixels, [cv2.IMWRITE_TIFF_COMPRESSION, compression])[1].tobytes()
    frame = decode_compressed(data, 'rgb8; tiff compressed bgr8')
    assert frame.pixels.dtype == kind
    np.testing.assert_array_equal(frame.converted('bgr'), IMAGE)


def test_tiff_with_unsupported_pixels_is_refused():
    # OpenCV before 4.7 writes no colors of that type
    data = cv2.imencode('.tiff', IMAGE[:, :, 0].astype(np.int32))[1].tobytes()
    with pytest.raises(FrameError, match='type int32: convert the file to 8 or 16 bits'):
        decode_compressed(data, 'tiff')


def gif(pixels, *more, interlace=False):
    """Return a GIF, of several images one that moves."""
    images = pytest.importorskip('PIL.Image', reason='Pillow writes the GIF files')
    file = io.BytesIO()
    first, *others = (images.fromarray(one[:, :, ::-1]).quantize(64) for one in (pixels, *more))
    first.save(file, 'GIF', save_all=bool(more), append_images=others, interlace=interlace)
    return file.getvalue()


@pytest.mark.parametrize('interlace', [False, True])
@pytest.mark.parametrize('by_pillow', [False, True])
def test_gif_gives_its_first_frame(monkeypatch, by_pillow, interlace):
    blocks = np.kron(np.arange(0, 256, 16, np.uint8).reshape(4, 4), np.ones((8, 8), np.uint8))
    pixels = np.dstack([blocks, blocks[::-1], blocks.T])
    data = np.frombuffer(gif(pixels, 255 - pixels, interlace=interlace), np.uint8)
    if by_pillow:
        # as OpenCV before 4.11 does
        monkeypatch.setattr(cv2, 'imdecode', lambda *_: None)
    np.testing.assert_array_equal(decode_file(data), pixels)
    with pytest.raises(FrameError, match='ends too early'):
        decode_file(data[:len(data) // 4])


def test_gif_without_a_reader_names_what_to_install(monkeypatch):
    data = np.frombuffer(gif(IMAGE), np.uint8)
    monkeypatch.setattr(cv2, 'imdecode', lambda *_: None)
    monkeypatch.setitem(sys.modules, 'PIL', None)
    with pytest.raises(FrameError, match=r'install OpenCV 4\.11 or later, or Pillow'):
        decode_file(data)


@given(st.sampled_from([b'II*\0', b'MM\0*', b'II+\0', b'GIF89a']), st.binary(max_size=300))
def test_any_bytes_after_a_tiff_or_gif_header_give_pixels_or_a_frame_error(head, tail):
    with suppress(FrameError):
        decode_file(np.frombuffer(head + tail, np.uint8))


def small_files():
    """Return a small image in each format that is read."""
    small = np.zeros((8, 8, 3), np.uint8)
    return {'gif': gif(small), **{ending: cv2.imencode(f'.{ending}', small)[1].tobytes()
                                  for ending in ('tiff', 'png', 'jpeg', 'webp', 'bmp', 'ppm')}}


@given(st.data())
def test_image_with_changed_bytes_gives_pixels_or_a_frame_error_in_little_memory(draw):
    files = small_files()
    data = bytearray(files[draw.draw(st.sampled_from(sorted(files)))])
    for _ in range(3):
        place = draw.draw(st.integers(4, len(data) - 1))
        data[place:place + 4] = draw.draw(
            st.binary(min_size=1, max_size=4) | st.sampled_from([b'', b'\xff\xff\xff\xff']))
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with suppress(FrameError):
        decode_file(np.frombuffer(bytes(data), np.uint8))
    # twice what the largest image takes
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 1_000_000

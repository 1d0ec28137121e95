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
from itertools import islice
import zipfile

import cv2
from digiphys_ros.errors import FrameError
from digiphys_ros.perception.frame import decode_compressed
from digiphys_ros.perception.imagefile import jpeg_size
from hypothesis import given, strategies as st
import numpy as np
import pytest

PICTURE = cv2.GaussianBlur(
    np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8), (0, 0), 4)


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


@pytest.mark.parametrize('ending', ['.jpg', '.png', '.webp'])
def test_a_file_without_its_last_byte_is_refused_and_one_with_padding_is_not(ending):
    data = cv2.imencode(ending, PICTURE)[1].tobytes()
    with pytest.raises(FrameError, match='ends too early'):
        decode_compressed(data[:-1], ending)
    assert decode_compressed(data + bytes(500), ending).pixels.shape == PICTURE.shape


@pytest.mark.parametrize('wrap', [memoryview, np.asarray, lambda data: array('B', data.tobytes())])
def test_compressed_data_in_any_buffer(wrap):
    data = cv2.imencode('.png', PICTURE)[1]
    np.testing.assert_array_equal(decode_compressed(wrap(data), 'png').pixels, PICTURE)


@pytest.mark.parametrize('pixels', [
    np.dstack([PICTURE, PICTURE[..., 0]]), PICTURE.astype(np.uint16) * 257])
def test_transparent_and_16_bit_files_come_as_8_bit_bgr(pixels):
    frame = decode_compressed(cv2.imencode('.png', pixels)[1].tobytes(), 'png')
    np.testing.assert_array_equal(frame.pixels, PICTURE)


def test_depth_and_nonsense_are_refused():
    with pytest.raises(FrameError, match='compressedDepth'):
        decode_compressed(b'\x00' * 40, '16UC1; compressedDepth png')
    with pytest.raises(FrameError, match='no JPEG, PNG or WebP'):
        decode_compressed(b'hello', 'jpeg')


@given(st.binary(max_size=300))
def test_any_bytes_behind_a_jpeg_head_are_a_frame_or_a_frame_error(tail):
    with suppress(FrameError):
        decode_compressed(b'\xff\xd8\xff' + tail + b'\xff\xd9', 'jpeg')


def test_real_photographs(data_dir):
    with zipfile.ZipFile(data_dir / 'traffic_light_train.zip') as archive:
        for name in archive.namelist()[:20]:
            data = archive.read(name)
            assert decode_compressed(data, 'jpeg').colour == 'bgr'
            with pytest.raises(FrameError, match='ends too early'):
                decode_compressed(data[:-len(data) // 4], 'jpeg')


@pytest.mark.parametrize('flags', [[], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]])
@pytest.mark.parametrize('picture', [PICTURE, PICTURE[..., 0]])
def test_a_jpeg_tells_its_size(picture, flags):
    assert jpeg_size(cv2.imencode('.jpg', picture, flags)[1]) == (48, 64)


@given(st.binary(max_size=80))
def test_a_header_that_is_none_tells_no_size_or_some(noise):
    assert jpeg_size(np.frombuffer(noise, np.uint8)) is None
    jpeg_size(np.frombuffer(b'\xff\xd8\xff' + noise, np.uint8))


@pytest.mark.parametrize(('least', 'size'), [
    (None, (480, 640)), ((64, 64), (120, 160)), ((200, 200), (240, 320)), ((241, 10), (480, 640)),
    ((10, 10), (60, 80))])
@pytest.mark.parametrize('grey', [False, True])
def test_a_jpeg_is_decoded_no_larger_than_needed(least, size, grey):
    picture = cv2.resize(PICTURE, (640, 480))
    data = cv2.imencode('.jpg', picture[..., 0] if grey else picture)[1].tobytes()
    frame = decode_compressed(data, 'jpeg', least)
    assert frame.pixels.shape[:2] == size
    whole = decode_compressed(data, 'jpeg').converted('bgr')
    means = cv2.resize(whole, size[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(frame.converted('bgr').astype(int) - means).max() <= 4


def test_other_files_are_decoded_whole():
    data = cv2.imencode('.png', PICTURE)[1].tobytes()
    assert decode_compressed(data, 'png', (4, 4)).pixels.shape == PICTURE.shape


@pytest.mark.parametrize('size', [(640, 480), (1920, 1080)])
def test_what_is_decoded_small_is_classified_as_the_whole_picture(size):
    from digiphys_ros.perception import Classifier, create_engine, load_bundle
    from digiphys_ros.resources import share_dir
    from digiphys_ros.simulation import Course
    bundle = load_bundle(share_dir() / 'models' / 'traffic_signs')
    classifier = Classifier(bundle, create_engine(bundle, 'litert')[0])
    for frame in islice(Course().frames(), 0, 600, 40):
        picture = cv2.cvtColor(cv2.resize(frame.pixels, size), cv2.COLOR_RGB2BGR)
        data = cv2.imencode('.jpg', picture)[1].tobytes()
        small = decode_compressed(data, 'jpeg', classifier.least_size)
        assert small.pixels.shape[0] < size[1]
        one, other = (classifier(each).probabilities
                      for each in (small, decode_compressed(data, 'jpeg')))
        assert np.abs(one - other).max() < 0.05

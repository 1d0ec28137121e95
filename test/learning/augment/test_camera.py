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


from digiphys_ros.learning.augment import Augmentation, Augmenter, mix
from digiphys_ros.learning.augment.camera import apply_motion_blur
import numpy as np
from pydantic import ValidationError
import pytest

EACH = {'crop': 0.2, 'scale': 0.3, 'perspective': 0.2, 'flip_horizontal': True,
        'flip_vertical': True, 'brightness': 0.3, 'exposure': 1.0, 'contrast': 0.5,
        'color_temperature': 0.3, 'blur': 3.0, 'motion_blur': 9.0, 'noise': 0.2, 'jpeg': 10,
        'cutout': 0.4}
ROUNDS = range(24)


def random_image(color=True, seed=0):
    """Return soft random colors, neither dark nor bright."""
    rng = np.random.default_rng(seed)
    small = rng.integers(70, 180, (6, 5, 3) if color else (6, 5))
    return small.repeat(4, 0).repeat(5, 1).astype(np.uint8)


def changed(image=None, **spec):
    """Return the image as several generators change it."""
    augment = Augmenter(Augmentation(**spec))
    return [augment(random_image() if image is None else image, np.random.default_rng(seed))
            for seed in ROUNDS]


@pytest.mark.parametrize('color', [True, False])
@pytest.mark.parametrize('name', EACH)
def test_augmenter_keeps_shape_and_type(name, color):
    image = random_image(color)
    before = image.copy()
    results = changed(image, **{name: EACH[name]})
    assert all(one.shape == image.shape and one.dtype == np.uint8 for one in results)
    # a gray image has no color temperature
    differ = [not np.array_equal(one, image) for one in results]
    assert any(differ) == (color or name != 'color_temperature')
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize('color', [True, False])
def test_augmenter_with_the_same_generator_is_reproducible(color):
    image = random_image(color)
    first, again = (changed(image, **EACH) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len({one.tobytes() for one in first}) == len(ROUNDS)


def test_augmentation_default_changes_nothing():
    assert not Augmentation().changes_images
    assert not Augmentation(mixup=0.3).changes_images
    for one in changed():
        np.testing.assert_array_equal(one, random_image())


def test_flip_applies_only_in_the_given_direction():
    image = random_image()
    whole = {name: value for name, value in EACH.items() if not name.startswith('flip')}
    mirrored = {'flip_horizontal': image[:, ::-1], 'flip_vertical': image[::-1]}
    for name, mirror in mirrored.items():
        results = changed(**{name: True})
        flipped = sum(np.array_equal(one, mirror) for one in results)
        assert 0 < flipped < len(ROUNDS)
        assert flipped + sum(np.array_equal(one, image) for one in results) == len(ROUNDS)
    # an arrow that points left never points right by all the others together
    left = np.zeros((24, 24), np.uint8)
    left[:, :12] = 255
    for one in changed(left, **{**whole, 'cutout': 0, 'motion_blur': 0}):
        assert one[:, :6].mean() > one[:, -6:].mean()


def test_brightness_adds_one_offset():
    image = random_image()
    for one in changed(brightness=0.1):
        shift = one.astype(int) - image
        assert np.ptp(shift) <= 1
        assert abs(shift).max() <= 0.1 * 255 + 1
    assert np.ptp([one.mean() for one in changed(brightness=0.1)]) > 10


def test_exposure_multiplies_and_clips_only_white():
    image = np.array([[10, 20, 40, 200]], np.uint8)
    results = np.stack(changed(image, exposure=1.0)).astype(float)[:, 0]
    factors = results[:, 2] / 40
    assert 0.5 <= factors.min() < 0.8 < 1.3 < factors.max() <= 2
    np.testing.assert_allclose(results[:, 0], 10 * factors, atol=1.1)
    assert results[:, 3].max() == 255
    assert results[:, 0].min() > 0


def test_contrast_scales_around_middle_gray():
    image = random_image()
    away = image.astype(float) - 128
    stretched = [np.median((one - 128.0)[abs(away) > 20] / away[abs(away) > 20])
                 for one in changed(contrast=0.5)]
    assert 0.4 < min(stretched) < 0.8 < 1.2 < max(stretched) < 1.6


def test_color_temperature_moves_red_against_blue():
    image = random_image()
    for one in changed(color_temperature=0.3):
        red, green, blue = one.mean((0, 1)) - image.mean((0, 1))
        assert abs(green) < 1
        assert red * blue <= 0


def test_blur_removes_and_noise_adds_detail():
    noisy = np.random.default_rng(0).integers(0, 256, (24, 25, 3), np.uint8)
    for name in ('blur', 'motion_blur'):
        blurred = changed(noisy, **{name: 9.0})
        assert all(one.std() <= noisy.std() for one in blurred)
        assert min(one.std() for one in blurred) < 0.6 * noisy.std()
    flat = np.full((24, 25), 128, np.uint8)
    assert 1 < np.mean([one.std() for one in changed(flat, noise=0.2)]) < 0.2 * 255


def test_motion_blur_smears_along_the_direction():
    point = np.zeros((15, 15), np.uint8)
    point[7, 7] = 255
    across = apply_motion_blur(point, 6.0, 0.0)
    assert (across > 0).any(0).sum() == 7
    assert (across > 0).any(1).sum() == 1
    np.testing.assert_array_equal(apply_motion_blur(point, 6.0, np.pi / 2), across.T)
    assert across.sum() == pytest.approx(255, abs=7)
    np.testing.assert_array_equal(apply_motion_blur(point, 0.0, 1.0), point)


def test_jpeg_lower_quality_loses_more_and_keeps_the_channels():
    image = random_image()

    def loss(quality):
        return max(np.abs(one.astype(int) - image).mean() for one in changed(jpeg=quality))
    assert 0 < loss(95) < loss(5) < 40


def test_cutout_covers_a_square_of_one_color():
    image = random_image()
    for one in changed(cutout=0.5):
        rows, columns = np.nonzero((one != image).any(2))
        top, left, end, right = rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
        # 0.5 of the shorter side, 24; less where it hangs over the edge
        assert end - top <= 12 and right - left <= 12
        assert len(np.unique(one[top:end, left:right].reshape(-1, 3), axis=0)) == 1


def test_mix_blends_images_and_targets_with_one_weight():
    tensors = np.arange(4, dtype=np.float32).reshape(4, 1, 1, 1) * np.ones((4, 2, 2, 3), 'f4')
    targets = np.eye(4, dtype=np.float32)
    mixed, blended = mix(tensors, targets, 0.4, np.random.default_rng(3))
    assert mixed.shape == tensors.shape and mixed.dtype == np.float32
    assert blended.dtype == np.float32
    np.testing.assert_allclose(blended.sum(1), 1, rtol=1e-6)
    # what an image is made of is what its target says
    np.testing.assert_allclose(mixed[:, 0, 0, 0], blended @ np.arange(4), rtol=1e-5)
    assert ((blended > 0).sum(1) == 2).any()
    again = mix(tensors, targets, 0.4, np.random.default_rng(3))
    np.testing.assert_array_equal(again[0], mixed)


@pytest.mark.parametrize(('field', 'value'), [
    ('crop', -0.1), ('jpeg', 101), ('cutout', 1.5), ('mixup', -1), ('rotate', 5)])
def test_augmentation_out_of_range_is_refused(field, value):
    with pytest.raises(ValidationError, match=field):
        Augmentation(**{field: value})

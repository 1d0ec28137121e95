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

"""Limits of the camera checks, and the sentence that diagnostics show for each verdict."""

from dataclasses import dataclass

from digiphys_ros.settings import setting

REASONS = {
    'no_contrast': 'no contrast: the lens is covered, or the image is evenly bright',
    'blurred': 'blurred: too little detail, or far less than this camera showed before',
    'saturated': 'saturated: most pixels are black or white',
    'dead_region': 'dead region: a large part of the image is constant, or holds only noise',
    'noise': 'noise: neighboring pixels do not agree',
    'repeated': 'repeated: the image equals the one before; if the scene is still on purpose, set '
                'drop_duplicate_frames to false',
    'frozen': 'frozen: the same content returns again and again; if the scene is still on '
              'purpose, set drop_duplicate_frames to false',
}
"""Verdict -> sentence. The others, fresh and black, are their own."""

PARAMETERS = {
    'no_contrast': 'min_contrast', 'blurred': 'min_sharpness', 'saturated': 'max_saturated',
    'dead_region': 'max_dead', 'noise': 'min_correlation', 'frozen': 'max_repeated',
    'repeated': 'drop_duplicate_frames', 'black': 'min_brightness',
}
"""Verdict -> the parameter that sets its limit."""


def fix_of(reason: str, topic: str, classifier: str) -> str:
    """
    Return what to do about frames that are refused with this sentence.

    :param topic: of the images.
    :param classifier: name of the node.

    Example::

        >>> fix_of('black', '/image', '/classifier').partition('  #')[0]
        'ros2 run rqt_image_view rqt_image_view /image'
    """
    if reason in (REASONS['repeated'], REASONS['frozen']):
        return f'ros2 param set {classifier} drop_duplicate_frames false  # for still images ' \
            'on purpose; else restart the driver of the camera'
    for verdict, parameter in PARAMETERS.items():
        if reason == REASONS.get(verdict, verdict):
            return (f'ros2 run rqt_image_view rqt_image_view {topic}  # look at the camera and '
                    'its lens; if the images are good: '
                    f'ros2 param set {classifier} {parameter} VALUE')
    return f'ros2 topic echo --once --no-arr {topic}  # let the driver of the camera send what ' \
        'the sentence asks for'


@dataclass(frozen=True)
class Limits:
    """
    Limits of the checks, named as the classifier's parameters.

    :ivar min_brightness: mean brightness, 0 to 255, below which a frame counts as black; 0:
        never.
    :ivar drop_duplicate_frames: false where duplicates are legitimate, as in a simulator without
        noise.
    :ivar max_repeated: fraction of blocks that return frame after frame; 1: never too many.
    :ivar min_contrast: spread of the brightness of blocks, 0 to 255; 0: never too low.
    :ivar min_sharpness: as a fraction of that of the last frames, twice of that of the last
        minutes, or twice the image's own detail, whichever is lowest; 0: never too low.
    :ivar max_saturated: fraction of black or white pixels; 1: never too many.
    :ivar max_dead: fraction of constant blocks, rows or columns, or of an edge's region of
        noise; 1: never too many.
    :ivar min_correlation: of neighboring pixels; 0: never too low.

    Example::

        Limits(min_sharpness=0.0)
    """

    min_brightness: float = setting(
        5.0, 'Mean brightness (0 to 255) under which a frame counts as black and is not '
        'classified.', 0.0, 255.0, runtime=True)
    drop_duplicate_frames: bool = setting(
        True, 'Do not classify a frame equal to the last one: the camera is frozen. False for '
        'simulators without noise.', runtime=True)
    max_repeated: float = setting(
        0.5, 'Fraction of blocks that may return unchanged, frame after frame; above it the '
        'camera is frozen. 1 switches the check off.', 0.0, 1.0, runtime=True)
    min_contrast: float = setting(
        3.0, 'Spread of brightness (0 to 255) that an image must have, else the lens is covered. '
        '0 switches the check off.', 0.0, 255.0, runtime=True)
    min_sharpness: float = setting(
        0.3, 'Sharpness that an image must have, as a fraction of that of a sharp image and of '
        'what this camera showed before. 0 switches the check off.', 0.0, 1.0, runtime=True)
    max_saturated: float = setting(
        0.8, 'Fraction of pixels that may be black or white. 1 switches the check off.',
        0.0, 1.0, runtime=True)
    max_dead: float = setting(
        0.4, 'Fraction of the image that may be constant, or from one edge on hold only noise. 1 '
        'switches the check off.', 0.0, 1.0, runtime=True)
    min_correlation: float = setting(
        0.25, 'Correlation of neighboring pixels that an image must have, else it is noise. 0 '
        'switches the check off.', 0.0, 1.0, runtime=True)

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

"""Convert images and classifications between ROS messages and values of the core."""

from collections.abc import Iterable
import math
from typing import Any, Literal, TYPE_CHECKING

from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

# the gate imports this module: import NumPy, OpenCV and vision_msgs only where needed
if TYPE_CHECKING:
    from digiphys_ros.contracts import ModelFacts
    from digiphys_ros.perception.frame import Frame
    from numpy.typing import NDArray
    from vision_msgs.msg import Classification, LabelInfo, VisionInfo

IMAGE_TOPICS: dict[str, tuple[type, str]] = {
    'raw': (Image, 'image'), 'compressed': (CompressedImage, 'image/compressed')}
"""Parameter ``image_transport`` -> the type and the topic of images."""


def stamp_s(header: Header) -> float:
    """Return a header's stamp in seconds."""
    return float(header.stamp.sec + header.stamp.nanosec * 1e-9)


def set_stamp(header: Header, seconds: float) -> None:
    """Write ``seconds`` into a header; a value out of range becomes zero, which is stale."""
    nanoseconds = round(seconds * 1e9) if math.isfinite(seconds) and seconds > 0 else 0
    header.stamp.sec, header.stamp.nanosec = divmod(nanoseconds, 1_000_000_000)


# Images.

def frame_from(message: Image | CompressedImage,
               least_size: tuple[int, int] | None = None) -> 'Frame':
    """
    Return the frame of an image message, as a view if the encoding allows.

    :param least_size: sufficient height and width of a decoded JPEG.
    :raises FrameError: when the message does not match its fields.
    """
    from digiphys_ros.perception.frame import decode_compressed, decode_image
    if isinstance(message, CompressedImage):
        return decode_compressed(message.data, message.format, least_size)
    return decode_image(
        message.data, height=message.height, width=message.width, encoding=message.encoding,
        step=message.step, is_bigendian=bool(message.is_bigendian))


def image_message(pixels: 'NDArray[Any]', encoding: str, header: Header) -> Image:
    """
    Return an Image.

    :param pixels: (H, W) or (H, W, C), uint8.
    """
    contiguous = pixels if pixels.flags.c_contiguous else pixels.copy()
    message = Image(header=header, height=pixels.shape[0], width=pixels.shape[1],
                    encoding=encoding, is_bigendian=0, step=contiguous.strides[0])
    # fill the message's own array: an assigned array would be copied twice
    message.data.frombytes(contiguous.data.cast('B'))
    return message


def jpeg_message(pixels: 'NDArray[Any]', encoding: str, header: Header) -> CompressedImage:
    """Return a CompressedImage; ``encoding`` is rgb8, bgr8 or mono8."""
    import cv2
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if encoding == 'rgb8' else pixels
    message = CompressedImage(header=header, format='jpeg')
    message.data.frombytes(cv2.imencode('.jpg', bgr)[1].data)
    return message


# Classifications.

def classification_message(
        scores: Iterable[tuple[str, float]], header: Header) -> 'Classification':
    """Return a Classification with the source image's header; no scores mean an abstention."""
    from vision_msgs.msg import Classification, ObjectHypothesis
    return Classification(header=header, results=[
        ObjectHypothesis(class_id=label, score=score) for label, score in scores])


def vision_info_message(method: str, labels: Iterable[str], header: Header, *,
                        use: Literal['control', 'advice'] = 'control',
                        abstain_below: float = 0.0) -> 'VisionInfo':
    """Return the model (``name@hash``) and its facts as JSON."""
    from digiphys_ros.contracts import ModelFacts
    from vision_msgs.msg import VisionInfo
    facts = ModelFacts(labels={str(index): label for index, label in enumerate(labels)}, use=use,
                       abstain_below=abstain_below)
    return VisionInfo(header=header, method=method, database_location=facts.text(),
                      database_version=facts.schema_version)


def model_facts(message: 'VisionInfo') -> 'ModelFacts':
    """
    Return the facts of a classifier's model.

    :raises ConfigError: when they cannot be read, for example from another kind of node; the
        model may be for advice only.
    """
    from digiphys_ros.contracts import ModelFacts
    return ModelFacts.read(message.database_location,
                           f'vision_info of {message.method or "a classifier"}')


def label_info_message(
        labels: Iterable[str], abstain_below: float, header: Header) -> 'LabelInfo':
    """Return the label table as vision_msgs 4.1 defines it."""
    from vision_msgs.msg import LabelInfo, VisionClass
    return LabelInfo(header=header, threshold=abstain_below, class_map=[
        VisionClass(class_id=index, class_name=label) for index, label in enumerate(labels)])

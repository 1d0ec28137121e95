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

"""Between ROS messages and the values of the core; the only module that knows both."""

from collections.abc import Iterable
from functools import reduce
from importlib import import_module
import json
import math
from typing import Any, TYPE_CHECKING

from digiphys_ros.errors import ConfigError
from geometry_msgs.msg import Twist, TwistStamped
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CompressedImage, Image, JointState
from std_msgs.msg import Bool, Float64, Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

# The gate process imports this module: NumPy, OpenCV and vision_msgs come only where needed.
if TYPE_CHECKING:
    from digiphys_ros.control import Actuator
    from digiphys_ros.perception.frame import Frame
    from numpy.typing import NDArray
    from vision_msgs.msg import Classification, LabelInfo, VisionInfo

TWIST_FIELDS = tuple(f'{part}.{axis}' for part in ('linear', 'angular') for axis in 'xyz')


def stamp_s(header: Header) -> float:
    """Return a header's stamp in seconds."""
    return float(header.stamp.sec + header.stamp.nanosec * 1e-9)


def set_stamp(header: Header, seconds: float) -> None:
    """Write ``seconds`` into a header; values no stamp can hold become zero, which is stale."""
    nanoseconds = round(seconds * 1e9) if math.isfinite(seconds) and seconds > 0 else 0
    header.stamp.sec, header.stamp.nanosec = divmod(nanoseconds, 1_000_000_000)


# Images.

def frame_from(message: Image | CompressedImage,
               least_size: tuple[int, int] | None = None) -> 'Frame':
    """
    Return the frame behind an image message, a view where the encoding allows.

    :param least_size: height and width that are enough of a JPEG.
    :raises FrameError: when the message is not what its fields say.
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
    # into the message's own array: one that is handed over is copied twice
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
    """Return a Classification under the source image's header; no scores mean: abstained."""
    from vision_msgs.msg import Classification, ObjectHypothesis
    return Classification(header=header, results=[
        ObjectHypothesis(class_id=label, score=score) for label, score in scores])


def vision_info_message(method: str, labels: Iterable[str], header: Header, *,
                        use: str = 'control', abstain_below: float = 0.0) -> 'VisionInfo':
    """Return who classifies (``name@hash``) and, as JSON, what for and the whole label table."""
    from vision_msgs.msg import VisionInfo
    table = {str(index): label for index, label in enumerate(labels)}
    about = {'labels': table, 'use': use, 'abstain_below': abstain_below}
    return VisionInfo(header=header, method=method, database_location=json.dumps(about),
                      database_version=1)


def labels_of(message: 'VisionInfo') -> tuple[str, ...]:
    """
    Return the class names in a vision_info of a classifier.

    :raises ConfigError: when it does not carry them: another kind of node published it.
    """
    try:
        labels = tuple(_about(message)['labels'].values())
    except (TypeError, KeyError, AttributeError):
        labels = ()
    if not labels or not all(isinstance(label, str) for label in labels):
        raise ConfigError('vision_info carries no label table, received database_location '
                          f'"{message.database_location[:80]}".')
    return labels


def use_of(message: 'VisionInfo') -> str:
    """Return what its results are for: ``control``, also where it does not say, or ``advice``."""
    return str(_about(message).get('use', 'control'))


def abstain_below_of(message: 'VisionInfo') -> float | None:
    """Return the probability under which the classifier abstains, None where it does not say."""
    threshold = _about(message).get('abstain_below')
    return float(threshold) if isinstance(threshold, (int, float)) else None


def _about(message: 'VisionInfo') -> dict[str, Any]:
    try:
        about = json.loads(message.database_location)
    except (ValueError, RecursionError):
        return {}
    return about if isinstance(about, dict) else {}


def label_info_message(
        labels: Iterable[str], abstain_below: float, header: Header) -> 'LabelInfo':
    """Return the label table as vision_msgs 4.1 defines it."""
    from vision_msgs.msg import LabelInfo, VisionClass
    return LabelInfo(header=header, threshold=abstain_below, class_map=[
        VisionClass(class_id=index, class_name=label) for index, label in enumerate(labels)])


# Commands.

def message_type(name: str) -> type:
    """
    Return the message class called ``package/msg/Type``.

    :raises ConfigError: when it is not installed.
    """
    try:
        package, _, kind = name.split('/')
        return getattr(import_module(f'{package}.msg'), kind)  # type: ignore[no-any-return]
    except (ValueError, ImportError, AttributeError) as error:
        raise ConfigError(
            f'message type "{name}" cannot be imported ({error}): write it as '
            'package/msg/Type and install the package that defines it.') from error


def actuator_type(actuator: 'Actuator') -> type:
    """Return the message class an actuator takes."""
    if actuator.kind == 'message':
        return message_type(actuator.type)
    return {'twist_stamped': TwistStamped, 'twist': Twist, 'float64': Float64, 'bool': Bool,
            'joint_trajectory': JointTrajectory, 'signals': JointState}[actuator.kind]


def desired_type(actuator: 'Actuator') -> type:
    """Return the stamped message in which a desired command reaches the gate."""
    return TwistStamped if actuator.kind in ('twist_stamped', 'twist') else JointState


def desired_message(actuator: 'Actuator', values: dict[str, float], header: Header) -> Any:
    """Return a desired command under the source image's header."""
    if desired_type(actuator) is TwistStamped:
        message = TwistStamped(header=header)
        for field, value in values.items():
            _assign(message.twist, field, value)
        return message
    return JointState(header=header, name=list(values), position=list(values.values()))


def desired_values(actuator: 'Actuator', message: Any) -> dict[str, float]:
    """
    Return the values in a desired command, by field name.

    A Twist always carries six numbers: those the actuator does not have count only when they
    are not zero, so that a command it cannot carry out is refused rather than cut down.
    """
    if isinstance(message, TwistStamped):
        values = {field: _read(message.twist, field) for field in TWIST_FIELDS}
        return {field: value for field, value in values.items()
                if field in actuator.fields or value != 0.0}
    return dict(zip(message.name, message.position, strict=False))


def actuator_message(actuator: 'Actuator', values: dict[str, float], now_s: float) -> Any:
    """Return the message for the actuator, stamped ``now_s`` where its type has a header."""
    message = actuator_type(actuator)()
    if hasattr(message, 'header'):
        set_stamp(message.header, now_s)
        message.header.frame_id = actuator.frame_id
    if actuator.kind == 'joint_trajectory':
        # stamp zero means "start now" to a trajectory controller
        set_stamp(message.header, 0.0)
        message.joint_names = list(values)
        message.points = [JointTrajectoryPoint(positions=list(values.values()))]
        return message
    if actuator.kind == 'signals':
        message.name, message.position = list(values), list(values.values())
        return message
    for field, value in values.items():
        _assign(message, _path(actuator, field), value)
    return message


def check_message(actuator: 'Actuator') -> None:
    """
    Refuse an actuator whose message cannot hold what it may be sent.

    :raises ConfigError: naming the field, the value and what becomes of it.
    """
    if actuator.kind != 'message':
        return
    for what in ('min', 'max', 'safe'):
        values = {name: float(getattr(limits, what)) for name, limits in actuator.fields.items()}
        message = _serialised(actuator, values)
        for name, value in values.items():
            arrives = read_field(actuator, message, name)
            if not math.isclose(arrives, value, rel_tol=1e-6, abs_tol=1e-9):
                raise ConfigError(
                    f'actuator on {actuator.topic}: `{what}` of field `{name}` is {value:g}, but '
                    f'{actuator.field_map[name]} of {actuator.type} would carry {arrives:g}: '
                    'choose limits that the message can hold.')


def _serialised(actuator: 'Actuator', values: dict[str, float]) -> Any:
    try:
        message = actuator_message(actuator, values, 0.0)
        return deserialize_message(serialize_message(message), type(message))
    except Exception as error:  # a message of any package: its checks raise what they like
        raise ConfigError(
            f'actuator on {actuator.topic}: {values} cannot be written into {actuator.type} by '
            f'field_map {dict(actuator.field_map)}: {error}') from error


def read_field(actuator: 'Actuator', message: Any, field: str) -> float:
    """Return one field of an actuator's message; of joints and signals there is none."""
    return _read(message, _path(actuator, field))


def _path(actuator: 'Actuator', field: str) -> str:
    if actuator.kind == 'message':
        return actuator.field_map[field]
    return f'twist.{field}' if actuator.kind == 'twist_stamped' else field


def _read(message: Any, path: str) -> float:
    return float(reduce(getattr, path.split('.'), message))


def _assign(message: Any, path: str, value: float) -> None:
    *parents, name = path.split('.')
    target = reduce(getattr, parents, message)
    setattr(target, name, type(getattr(target, name))(value))

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

"""Topics for people who watch: RViz, Foxglove, Lichtblick, rqt."""

from collections.abc import Callable
from typing import Any

from digiphys_ros.perception.classify import Classification
from digiphys_ros.perception.frame import Frame
from digiphys_ros.perception.preprocess import Box
from digiphys_ros.ros import qos
from digiphys_ros.ros.messages.images import image_message, jpeg_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import ColorRGBA, Header

DEBUG_IMAGE, SUFFIX, MARKERS = 'debug_image', '/compressed', 'image_markers'
WITHOUT_MARKERS = 'visualization_msgs is not installed: image_markers is not published'


class ViewerTopics:
    """
    Topics for the viewers of one camera; nothing is drawn or encoded without subscribers.

    :param add: makes a publisher of a message type, a topic and a quality of service.
    :param markers: whether to publish ``image_markers``.
    :ivar missing: a sentence if a package is missing for them.
    """

    def __init__(self, add: Callable[[type, str, Any], Any], *, markers: bool) -> None:
        self._images = add(Image, DEBUG_IMAGE, qos.RELIABLE)
        self._jpegs = add(CompressedImage, DEBUG_IMAGE + SUFFIX, qos.RELIABLE)
        self._markers: Any = None
        self.missing = ''
        if markers:
            try:
                # imported here: it takes 2 MB
                from visualization_msgs.msg import ImageMarker
                self._markers = add(ImageMarker, MARKERS, qos.RELIABLE)
            except ImportError:
                self.missing = WITHOUT_MARKERS

    def is_watched(self) -> bool:
        """Return whether there is a subscriber."""
        return any(map(_listeners, (self._images, self._jpegs, self._markers)))

    def show(self, frame: Frame, result: Classification, box: Box, header: Header) -> None:
        """Publish a result for the subscribers, under the image's own header."""
        if _listeners(self._markers):
            self._markers.publish(marker_message(box, header, abstained=result.abstained))
        raw, compressed = _listeners(self._images), _listeners(self._jpegs)
        if not raw and not compressed:
            return
        from digiphys_ros.perception.annotate import annotate
        pixels = annotate(frame, result, box)
        if raw:
            self._images.publish(image_message(pixels, 'bgr8', header))
        if compressed:
            self._jpegs.publish(jpeg_message(pixels, 'bgr8', header))


def marker_message(box: Box, header: Header, *, abstained: bool) -> Any:
    """Return the outline of a region: green for a recognised class, else orange."""
    from geometry_msgs.msg import Point
    from visualization_msgs.msg import ImageMarker
    left, top, right, bottom = map(float, box)
    color = ColorRGBA(r=1.0, g=0.65, b=0.0, a=1.0) if abstained else \
        ColorRGBA(r=0.0, g=0.8, b=0.0, a=1.0)
    return ImageMarker(
        header=header, ns='region', type=ImageMarker.POLYGON, action=ImageMarker.ADD, scale=2.0,
        outline_color=color, points=[Point(x=x, y=y) for x, y in (
            (left, top), (right, top), (right, bottom), (left, bottom))])


def _listeners(publisher: Any) -> int:
    return 0 if publisher is None else int(publisher.get_subscription_count())

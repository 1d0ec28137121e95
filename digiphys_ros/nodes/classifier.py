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

"""The classifier node: images in, classifications out, under the image's own header."""

import time
from types import SimpleNamespace
from typing import Any

from digiphys_ros.errors import DigiphysError, FrameError
from digiphys_ros.nodes import qos
from digiphys_ros.nodes.conversions import (
    classification_message,
    frame_from,
    image_message,
    label_info_message,
    stamp_s,
    vision_info_message,
)
from digiphys_ros.nodes.lifecycle import OK, PipelineNode, WARN
from digiphys_ros.nodes.parameters import Parameter
from digiphys_ros.nodes.process import run_node
from digiphys_ros.nodes.worker import NewestWorker
from digiphys_ros.perception import check_golden, Classifier, create_engine, load_bundle
from digiphys_ros.perception.bundle import Bundle
from digiphys_ros.perception.classify import Classification as Result
from digiphys_ros.perception.engines import Engine
from digiphys_ros.perception.frame import Frame
from digiphys_ros.perception.liveness import LivenessMonitor
from digiphys_ros.resources import find_resource
from digiphys_ros.statistics import Rate, Window
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from vision_msgs.msg import Classification, LabelInfo, VisionInfo

WHOLE_FRAME = [0.0, 0.0, 1.0, 1.0]


class ClassifierNode(PipelineNode):
    """
    Classify the newest frame of ``image`` (or ``image/compressed``).

    Publishes ``classification``, the latched ``vision_info`` and ``label_info``, and
    ``debug_image`` while somebody listens to it.
    """

    PARAMETERS = (
        Parameter('bundle', 'traffic_signs',
                  'Model bundle: a path, or a name in models/. Changed at run time, the new one '
                  'is loaded and checked beside the old and swapped between two frames.',
                  runtime=True),
        Parameter('engine', 'auto', 'Inference engine.',
                  choices=('auto', 'litert', 'tensorflow', 'onnx')),
        Parameter('threads', 0, 'Inference threads; 0 lets the engine choose.', 0, 64),
        Parameter('image_transport', 'raw', 'Listen to Image or CompressedImage.',
                  choices=('raw', 'compressed')),
        Parameter('roi', WHOLE_FRAME, 'Region of interest x, y, width, height as fractions of '
                  'the frame; the whole frame leaves it to the bundle.', 0.0, 1.0, runtime=True),
        Parameter('top_k', 3, 'How many classes to report.', 1, 100, runtime=True),
        Parameter('black_below', 8.0, 'Mean brightness (0 to 255) under which a frame counts as '
                  'black and is not classified.', 0.0, 255.0, runtime=True),
        Parameter('skip_repeated', True, 'Do not classify a frame equal to the last one: the '
                  'camera is frozen. False for simulators without noise.', runtime=True),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__('classifier', **options)
        self._classifier: Classifier | None = None
        self._prepared: tuple[str, tuple[Bundle, Engine] | DigiphysError | None] = ('', None)
        self._worker: NewestWorker[Image | CompressedImage] | None = None
        self._subscription: qos.AdaptiveSubscription | None = None
        self._publishers: list[Any] = []
        self._received, self._classified = Rate(), Rate()
        self._counts = {'abstained': 0, 'broken': 0, 'repeated': 0, 'black': 0, 'failed': 0}
        self._windows = {'inference_ms': Window(), 'capture_to_classification_ms': Window()}
        self._health = ''

    def configure(self) -> None:
        """Load the bundle, check its golden frames, warm up."""
        self._classifier = self._classifier_of(*self._load(self.settings), self.settings)
        self._liveness = LivenessMonitor(
            self.settings.black_below, self.settings.skip_repeated)
        self._results = self._add(Classification, 'classification', qos.RELIABLE)
        self._vision_info = self._add(VisionInfo, 'vision_info', qos.LATCHED)
        self._label_info = self._add(LabelInfo, 'label_info', qos.LATCHED)
        self._debug_images = self._add(Image, 'debug_image', qos.RELIABLE)

    def activate(self) -> None:
        """Subscribe and classify."""
        compressed = self.settings.image_transport == 'compressed'
        self._worker = NewestWorker(self._handle, 'inference')
        self._subscription = qos.AdaptiveSubscription(
            self, CompressedImage if compressed else Image,
            'image/compressed' if compressed else 'image', self._on_image)
        self._announce()

    def deactivate(self) -> None:
        """Unsubscribe; without classifications the gate's lease runs out."""
        if self._subscription is not None:
            self._subscription.destroy()
            self._subscription = None
        if self._worker is not None:
            self._worker.stop()

    def cleanup(self) -> None:
        """Free the model."""
        for publisher in self._publishers:
            self.destroy_lifecycle_publisher(publisher)
        self._publishers = []
        self._classifier = None

    def prepare(self, changes: dict[str, Any]) -> None:
        """Load another bundle beside the one at work."""
        if 'bundle' not in changes:
            return
        try:
            self._prepared = changes['bundle'], self._load(self._with(changes))
        except DigiphysError as error:
            self._prepared = changes['bundle'], error

    def apply(self, changes: dict[str, Any]) -> None:
        """Swap the model, or change how frames are looked at, between two frames."""
        assert self._classifier is not None
        changed = self._with(changes)
        model = self._classifier.bundle, self._classifier.engine
        if 'bundle' in changes:
            model = self._take_prepared(changed)
        self._classifier = self._classifier_of(*model, changed)
        if 'bundle' in changes and self.phase == 'active':
            self._announce()
        self._liveness.black_below = changed.black_below
        self._liveness.skip_repeated = changed.skip_repeated

    def report(self) -> tuple[bytes, str, dict[str, Any]]:
        """Return rates, latencies, drops and what is wrong with the frames."""
        now_s = time.monotonic()
        received_hz = self._received.per_second(now_s)
        figures: dict[str, Any] = {
            'received': self._received.count, 'received_hz': f'{received_hz:.2f}',
            'classified': self._classified.count,
            'classified_hz': f'{self._classified.per_second(now_s):.2f}',
            'dropped': self._worker.dropped if self._worker else 0, **self._counts}
        for name, window in self._windows.items():
            figures.update(window.summary(name))
        if self._classifier is not None:
            figures['model'] = self._classifier.bundle.manifest.name
            figures['model_hash'] = self._classifier.bundle.hash
            figures['engine'] = self._classifier.engine.name
        silent = self.phase == 'active' and received_hz == 0
        message = 'no frames arrive' if silent else self._health or self.phase
        return (OK if message in ('fresh', self.phase) else WARN), message, figures

    def _add(self, message_type: type, topic: str, profile: Any) -> Any:
        self._publishers.append(self.create_lifecycle_publisher(message_type, topic, profile))
        return self._publishers[-1]

    def _with(self, changes: dict[str, Any]) -> SimpleNamespace:
        return SimpleNamespace(**{**vars(self.settings), **changes})

    def _load(self, settings: Any) -> tuple[Bundle, Engine]:
        bundle = load_bundle(find_resource(settings.bundle, 'models'))
        engine, why = create_engine(bundle, settings.engine, threads=settings.threads)
        # The golden frames also warm the engine up.
        check_golden(bundle, engine)
        self.get_logger().info(f'{bundle.manifest.name} {bundle.hash[:12]}: {why}')
        return bundle, engine

    def _take_prepared(self, settings: Any) -> tuple[Bundle, Engine]:
        (name, model), self._prepared = self._prepared, ('', None)
        if isinstance(model, DigiphysError):
            raise model
        return model if model is not None and name == settings.bundle else self._load(settings)

    @staticmethod
    def _classifier_of(bundle: Bundle, engine: Engine, settings: Any) -> Classifier:
        roi = None if settings.roi == WHOLE_FRAME else tuple(settings.roi)
        return Classifier(bundle, engine, roi=roi, top_k=settings.top_k)

    def _announce(self) -> None:
        assert self._classifier is not None
        bundle = self._classifier.bundle
        header = Header(stamp=self.get_clock().now().to_msg())
        self._vision_info.publish(vision_info_message(
            f'{bundle.manifest.name}@{bundle.hash}', bundle.labels, header,
            use=bundle.manifest.use, abstain_below=bundle.manifest.abstain_below))
        self._label_info.publish(label_info_message(
            bundle.labels, bundle.manifest.abstain_below, header))

    def _on_image(self, message: Image | CompressedImage) -> None:
        self._received.tick()
        if self._worker is not None:
            self._worker.offer(message)

    def _handle(self, message: Image | CompressedImage) -> None:
        try:
            self._classify(message)
        except FrameError as error:
            self._counts['broken'] += 1
            self._note_health(str(error))
        except Exception as error:  # whatever it is, the next frame must be looked at
            self._counts['failed'] += 1
            self._note_health(f'{type(error).__name__}: {error}')

    def _classify(self, message: Image | CompressedImage) -> None:
        frame = frame_from(message)
        self._note_health(self._liveness.check(frame))
        if self._health != 'fresh':
            self._counts[self._health] += 1
            return
        classifier = self._classifier
        if classifier is None:
            return
        started_s = time.perf_counter()
        result = classifier(frame)
        self._windows['inference_ms'].add((time.perf_counter() - started_s) * 1e3)
        self._results.publish(classification_message(result.scores, message.header))
        self._windows['capture_to_classification_ms'].add(
            (self.now_s() - stamp_s(message.header)) * 1e3)
        self._classified.tick()
        self._counts['abstained'] += result.abstained
        if self._debug_images.get_subscription_count():
            self._publish_debug(frame, result, message.header)

    def _note_health(self, health: str) -> None:
        self._health = health
        self.note(f'frames: {health}', warn=health != 'fresh')

    def _publish_debug(self, frame: Frame, result: Result, header: Header) -> None:
        from digiphys_ros.perception.annotate import annotated
        self._debug_images.publish(image_message(annotated(frame, result), 'bgr8', header))


def main() -> None:
    """Run the classifier node."""
    run_node(ClassifierNode)


if __name__ == '__main__':
    main()

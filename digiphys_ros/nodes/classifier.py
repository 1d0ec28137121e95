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

from collections.abc import Callable, Sequence
import time
from types import SimpleNamespace
from typing import Any

from digiphys_ros.errors import ConfigError, FrameError
from digiphys_ros.metrics import Rate, Window
from digiphys_ros.perception import Classifier
from digiphys_ros.perception.bit_depth import BitDepth
from digiphys_ros.perception.camera_checks import Limits, REASONS
from digiphys_ros.perception.frame import Frame
from digiphys_ros.perception.liveness import LivenessMonitor
from digiphys_ros.pipeline.model import load_model, Model, ModelSlot
from digiphys_ros.ros.camera_stream import camera_names, CameraStream, total
from digiphys_ros.ros.condition_log import without_numbers
from digiphys_ros.ros.lifecycle import OK, PipelineNode, WARN
from digiphys_ros.ros.messages.images import classification_message, stamp_s
from digiphys_ros.ros.parameters.declaration import Parameter
from digiphys_ros.ros.process import run_node
from digiphys_ros.ros.worker import NewestWorker
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from vision_msgs.msg import Classification

WHOLE_FRAME = [0.0, 0.0, 1.0, 1.0]
COUNTED = ('abstained', 'broken', 'black', *REASONS, 'duplicate', 'failed')


class ClassifierNode(PipelineNode):
    """
    Classify the newest frame of ``image`` (or ``image/compressed``).

    Publishes ``classification``, the latched ``vision_info`` and ``label_info``, and
    ``debug_image``, ``debug_image/compressed`` and ``image_markers`` while somebody listens to
    them. With several cameras all these names begin with the camera's, and what they show at one
    time goes through the network as one batch.

    :ivar listeners: called with each classification, on the thread of the network.
    """

    PARAMETERS = (
        Parameter('bundle', 'traffic_signs',
                  'Model bundle: a path, or a name in models/. Changed at run time, the new one '
                  'is loaded and checked beside the old and swapped between two frames.',
                  runtime=True),
        Parameter('engine', 'auto', 'Inference engine.',
                  choices=('auto', 'litert', 'tensorflow', 'onnx')),
        Parameter('threads', 0, 'Inference threads; 0 lets the engine choose.', 0, 64),
        Parameter('xla', False, 'Compile with XLA (engine tensorflow).'),
        Parameter('mixed_precision', False,
                  'Compute in float16 on a GPU (engine tensorflow).'),
        Parameter('image_transport', 'raw', 'Listen to Image or CompressedImage.',
                  choices=('raw', 'compressed')),
        Parameter('cameras', '', 'Several cameras, separated by commas: front,rear listens to '
                  'front/image and rear/image. Empty: one, image.'),
        Parameter('batch_wait_ms', 0.0, 'Longest time that a frame waits for those of the other '
                  'cameras; 0 takes those that are there.', 0.0, 1000.0),
        Parameter('roi', WHOLE_FRAME, 'Region of interest x, y, width, height as fractions of '
                  'the frame; the whole frame leaves it to the bundle.', 0.0, 1.0, runtime=True),
        Parameter('image_markers', False, 'Publish the outline of the region of interest as '
                  '`image_markers`: needs visualization_msgs, and 2 MB of memory.'),
        Parameter('top_k', 3, 'How many classes to report.', 1, 100, runtime=True),
        Parameter('bit_depth', 0, 'Bits that the camera uses of a 16-bit pixel, as 12 of mono16. '
                  '0: the fewest of 10, 12, 14 and 16 that hold the brightest pixel so far.',
                  0, 16, runtime=True),
        Parameter('black_below', 5.0, 'Mean brightness (0 to 255) under which a frame counts as '
                  'black and is not classified.', 0.0, 255.0, runtime=True),
        Parameter('skip_repeated', True, 'Do not classify a frame equal to the last one: the '
                  'camera is frozen. False for simulators without noise.', runtime=True),
        Parameter('max_repeated', 0.5, 'Fraction of blocks that may return unchanged, frame '
                  'after frame; above it the camera is frozen. 1 switches the check off.',
                  0.0, 1.0, runtime=True),
        Parameter('min_contrast', 3.0, 'Spread of brightness (0 to 255) that an image must '
                  'have, else the lens is covered. 0 switches the check off.', 0.0, 255.0,
                  runtime=True),
        Parameter('min_sharpness', 0.3, 'Sharpness that an image must have, as a fraction of '
                  'that of a sharp image and of what this camera showed before. 0 switches the '
                  'check off.', 0.0, 1.0, runtime=True),
        Parameter('max_saturated', 0.8, 'Fraction of pixels that may be black or white. 1 '
                  'switches the check off.', 0.0, 1.0, runtime=True),
        Parameter('max_dead', 0.4, 'Fraction of the image that may be constant, or from one '
                  'edge on hold only noise. 1 switches the check off.', 0.0, 1.0, runtime=True),
        Parameter('min_correlation', 0.25, 'Correlation of neighboring pixels that an image '
                  'must have, else it is noise. 0 switches the check off.', 0.0, 1.0,
                  runtime=True),
        Parameter('stop_on_duplicate_publishers', False, 'Stop while more than one node '
                  'publishes on an input.', runtime=True),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__('classifier', **options)
        self._models = ModelSlot(self._load)
        self._worker: NewestWorker[tuple[CameraStream, Any]] | None = None
        self._streams: Sequence[CameraStream] = ()
        self.listeners: list[Callable[[Classification], None]] = []
        self._received, self._classified = Rate(), Rate()
        self._windows = {'inference_ms': Window(), 'capture_to_classification_ms': Window()}

    def configure(self) -> None:
        """Load the bundle, check its golden frames, warm up."""
        self._models.swap(self.settings.bundle, **_look(self.settings))
        cameras = camera_names(self.settings.cameras)
        if self.listeners and len(cameras) > 1:
            raise ConfigError('parameter `cameras`: one policy cannot follow several cameras, '
                              f'received {self.settings.cameras!r}: start classifier and policy '
                              'as processes of their own, a policy in the namespace of each.')
        self._streams = [
            CameraStream(self, camera, LivenessMonitor(Limits.of(self.settings)),
                         BitDepth(self.settings.bit_depth))
            for camera in cameras]

    def activate(self) -> None:
        """Subscribe and classify."""
        self._worker = NewestWorker(
            self._handle, 'inference', sources=len(self._streams),
            wait_s=self.settings.batch_wait_ms * 1e-3)
        for stream in self._streams:
            stream.listen(self._on_image,
                          compressed=self.settings.image_transport == 'compressed')
        self._announce()

    def deactivate(self) -> None:
        """Unsubscribe; without classifications the gate's lease runs out."""
        for stream in self._streams:
            stream.stop_listening()
        if self._worker is not None:
            self._worker.stop()

    def cleanup(self) -> None:
        """Free the model."""
        for stream in self._streams:
            stream.destroy()
        self._streams = ()
        self._models.clear()

    def prepare(self, changes: dict[str, Any]) -> None:
        """Load another bundle beside the one at work."""
        if 'bundle' in changes:
            self._models.prepare(changes['bundle'])

    def apply(self, changes: dict[str, Any]) -> None:
        """Swap the model, or change how frames are looked at, between two frames."""
        changed = self._with(changes)
        self._models.swap(changes.get('bundle'), **_look(changed))
        if 'bundle' in changes and self.phase == 'active':
            self._announce()
        for stream in self._streams:
            stream.liveness.limits = Limits.of(changed)
            stream.depth.fixed = changed.bit_depth

    def report(self) -> tuple[bytes, str, dict[str, Any]]:
        """Return rates, latencies, drops and what is wrong with the frames."""
        now_s = time.monotonic()
        received_hz = self._received.per_second(now_s)
        problems = [one for stream in self._streams if (one := stream.problem())[0]] \
            if self.phase == 'active' else []
        figures: dict[str, Any] = {
            'received': self._received.count, 'received_hz': f'{received_hz:.2f}',
            'classified': self._classified.count,
            'classified_hz': f'{self._classified.per_second(now_s):.2f}',
            'dropped': self._worker.dropped if self._worker else 0,
            **{name: total(self._streams, name) for name in COUNTED}}
        for stream in self._streams:
            figures |= stream.figures(several=len(self._streams) > 1)
        for name, window in self._windows.items():
            figures.update(window.summary(name))
        classifier = self._models.classifier
        if classifier is not None:
            figures['model'] = classifier.bundle.manifest.name
            figures['model_hash'] = classifier.bundle.hash
            figures['engine'] = classifier.engine.name
            figures['device'] = classifier.engine.device
        if not problems:
            return OK, 'fresh' if self.phase == 'active' else self.phase, figures
        sentence, figures['fix'] = map('; '.join, zip(*problems, strict=True))
        return WARN, sentence, figures

    def _with(self, changes: dict[str, Any]) -> SimpleNamespace:
        return SimpleNamespace(**{**vars(self.settings), **changes})

    def _load(self, bundle: str) -> Model:
        settings = self.settings
        model = load_model(
            self.beside(bundle), settings.engine, threads=settings.threads, xla=settings.xla,
            mixed_precision=settings.mixed_precision,
            batch=len(camera_names(settings.cameras)))
        self.get_logger().info(str(model))
        return model

    def _announce(self) -> None:
        assert self._models.classifier is not None
        header = Header(stamp=self.get_clock().now().to_msg())
        for stream in self._streams:
            stream.announce(self._models.classifier.bundle, header)

    def _on_image(self, stream: CameraStream, message: Image | CompressedImage) -> None:
        self._received.tick()
        if self._worker is not None:
            self._worker.offer((stream, message), stream.camera)

    def _handle(self, batch: list[tuple[CameraStream, Image | CompressedImage]]) -> None:
        # one for the whole batch: a swap comes between two frames, not within one
        classifier = self._models.classifier
        if classifier is None:
            return
        taken = [(stream, frame, message.header) for stream, message in batch
                 if (frame := self._frame(stream, message, classifier.least_size)) is not None]
        try:
            if taken:
                self._classify(classifier, taken)
        except Exception as error:  # whatever it is, the next frame must be looked at
            for stream, *_ in taken:
                stream.counts['failed'] += 1
                self._note_health(stream, f'{type(error).__name__}: {error}')

    def _frame(self, stream: CameraStream, message: Image | CompressedImage,
               least_size: tuple[int, int] | None) -> Frame | None:
        if self.settings.stop_on_duplicate_publishers and stream.duplicate_sources:
            stream.counts['duplicate'] += 1
            self._note_health(stream, stream.duplicate_sources)
            return None
        try:
            frame = stream.fresh_frame(message, least_size)
        except FrameError as error:
            stream.counts['broken'] += 1
            stream.health, frame = str(error), None
        except Exception as error:
            stream.counts['failed'] += 1
            stream.health, frame = f'{type(error).__name__}: {error}', None
        self._note_health(stream, stream.health)
        return frame

    def _classify(self, classifier: Classifier,
                  taken: list[tuple[CameraStream, Frame, Header]]) -> None:
        started_s = time.perf_counter()
        results = classifier.batch([frame for _, frame, _ in taken])
        self._windows['inference_ms'].add((time.perf_counter() - started_s) * 1e3)
        for (stream, frame, header), result in zip(taken, results, strict=True):
            message = classification_message(result.scores, header)
            # first who makes a command of it
            for listener in self.listeners:
                listener(message)
            stream.answer(message, abstained=result.abstained)
            self._windows['capture_to_classification_ms'].add(
                (self.now_s() - stamp_s(header)) * 1e3)
            self._classified.tick()
            stream.show(frame, result, classifier.box(frame), header)

    def _note_health(self, stream: CameraStream, health: str) -> None:
        stream.health = health
        name = f'{stream.camera}: ' if stream.camera else ''
        self.note(f'{name}frames: {health}', about=f'frames {stream.camera}',
                  warn=health != 'fresh',
                  state=health if health == 'fresh' else without_numbers(health))


def _look(settings: Any) -> dict[str, Any]:
    roi = None if settings.roi == WHOLE_FRAME else tuple(settings.roi)
    return {'roi': roi, 'top_k': settings.top_k}


def main() -> None:
    """Run the classifier node."""
    run_node(ClassifierNode)

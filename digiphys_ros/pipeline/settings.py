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

"""Settings of the steps between image and command, from the parameters file of the nodes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from digiphys_ros.bundles.preprocess_spec import Roi, WHOLE_FRAME
from digiphys_ros.control.settings import GateSettings, PolicySettings
from digiphys_ros.errors import ConfigError
from digiphys_ros.perception.camera_checks import Limits
from digiphys_ros.perception.engines.kind import ENGINES
from digiphys_ros.pipeline.parameters_file import old_names, ParametersFile
from digiphys_ros.settings import (
    BUNDLE,
    group,
    NodeSettings,
    parameters_of,
    read_settings,
    setting,
    TOP_K,
)

S = TypeVar('S', bound=NodeSettings)


@dataclass(frozen=True)
class ClassifierSettings(NodeSettings):
    """Parameters of the node classifier."""

    bundle: str = setting(
        BUNDLE, 'Model bundle: a path, or a name in models/. If it changes '
        'at run time, the new one is loaded and checked first, then swapped between two frames.',
        runtime=True)
    engine: str = setting(
        'auto', 'Inference engine.', choices=('auto', *ENGINES.built_in), registry=ENGINES)
    threads: int = setting(0, 'Inference threads; 0: the engine chooses.', 0, 64)
    xla: bool = setting(False, 'Compile with XLA (engine tensorflow).')
    mixed_precision: bool = setting(
        False, 'Compute in float16 on a GPU (engine tensorflow).')
    image_transport: str = setting(
        'raw', 'Listen to Image or CompressedImage.', choices=('raw', 'compressed'))
    cameras: str = setting(
        '', 'Several cameras, separated by commas: front,rear listens to front/image and '
        'rear/image. Empty: one, image.')
    batch_wait_ms: float = setting(
        0.0, 'Longest time that a frame waits for those of the other cameras; 0: do not wait.',
        0.0, 1000.0)
    roi: tuple[float, float, float, float] = setting(
        WHOLE_FRAME, 'Region of interest x, y, width, height as fractions of the frame; the whole '
        'frame: as in the bundle.', 0.0, 1.0, runtime=True)
    image_markers: bool = setting(
        False, 'Publish the outline of the region of interest as `image_markers`; needs '
        'visualization_msgs and 2 MB of memory.')
    top_k: int = setting(TOP_K, 'Number of classes to report.', 1, 100, runtime=True)
    bit_depth: int = setting(
        0, 'Bits that the camera uses of a 16-bit pixel, such as 12 of mono16. 0: the fewest of '
        '10, 12, 14 and 16 that fit the brightest pixel so far.', 0, 16, runtime=True)
    limits: Limits = group(Limits)
    stop_on_duplicate_publishers: bool = setting(
        False, 'Stop while more than one node publishes on an input.', runtime=True)

    @property
    def region(self) -> Roi | None:
        """Return the region of interest, None for that of the bundle."""
        return None if self.roi == WHOLE_FRAME else self.roi


@dataclass(frozen=True)
class PipelineSettings:
    """
    Settings of classifier, policy and gate, as for the nodes.

    :ivar policy: None for a pipeline that moves nothing.
    :ivar processing_delay_s: time from the capture of an image until its command reaches the
        gate, for a pipeline on simulated time.
    """

    classifier: ClassifierSettings = group(ClassifierSettings)
    policy: PolicySettings | None = None
    gate: GateSettings = group(GateSettings)
    processing_delay_s: float = 0.03


def load_settings(path: Path) -> PipelineSettings:
    """
    Return the settings of classifier, policy and gate from a ROS parameters file.

    :raises ConfigError: naming the file, the line and the field.
    """
    file = ParametersFile(path)
    return PipelineSettings(
        _of(file, 'classifier', ClassifierSettings) or ClassifierSettings(),
        _of(file, 'policy', PolicySettings), _of(file, 'gate', GateSettings) or GateSettings())


def _of(file: ParametersFile, node: str, settings: type[S]) -> S | None:
    """Return the settings of a node, None if the file does not name it."""
    own = [section for section in file.sections if section.node == node]
    if not own:
        return None
    if not any(section.applies_to(f'/{node}') for section in own):
        raise file.error(own[0].location, f'does not apply to the node /{node}: write /**/{node}.')
    old_names(f'/{node}', [file])
    known = {one.name: one for one in parameters_of(settings)}
    values: dict[str, Any] = {}
    for section in file.sections:
        for location, value in section.values if section.applies_to(f'/{node}') else ():
            name = section.parameter(location)
            # `digiphys run` refuses unknown names: it knows all nodes
            if name in known:
                try:
                    values[name] = known[name].check(value)
                except ConfigError as error:
                    raise file.error(location, str(error)) from error
    return read_settings(settings, values)

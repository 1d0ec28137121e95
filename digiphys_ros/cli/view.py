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

"""Region of interest and bit depth of the robot, for subcommands that measure or train."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import sys
from typing import Any, TYPE_CHECKING

from digiphys_ros.errors import ConfigError, UsageError
from digiphys_ros.resources import find_resource

if TYPE_CHECKING:
    from digiphys_ros.bundles.preprocess_spec import PreprocessSpec, Roi
    from digiphys_ros.learning.recipe import Recipe
    from digiphys_ros.pipeline.parameters_file import ParametersFile


@dataclass(frozen=True)
class View:
    """
    The part of a frame that the classifier uses.

    :ivar roi: region x, y, width, height as fractions; None for that of the bundle.
    :ivar bit_depth: bits used of a 16-bit pixel; 0 detects them.
    """

    roi: 'Roi | None' = None
    bit_depth: int = 0

    def __str__(self) -> str:
        """Return the region as ``--roi`` takes it."""
        from digiphys_ros.bundles.preprocess_spec import WHOLE_FRAME
        return ','.join(f'{value:g}' for value in self.roi or WHOLE_FRAME)


def add_view(parser: Any) -> None:
    """Add the options for region of interest and parameters file."""
    parser.add_argument('--roi', type=_roi, metavar='X,Y,W,H',
                        help='region of interest as fractions of the frame, as the parameter roi '
                             'of the classifier (default: that of --config, or of the bundle)')
    parser.add_argument('--config', metavar='PARAMS.yaml',
                        help="the robot's parameters file, a path or a name in config/: use roi "
                             'and bit_depth of its classifier')


def view_of(arguments: argparse.Namespace, spec: 'PreprocessSpec | None' = None) -> View:
    """
    Return the view of the command line, or of its parameters file.

    Images of a bag are then decoded as by the robot's classifier.

    :param spec: preprocessing of the measured bundle, which gives the required size of a JPEG.
    :raises ConfigError: if the file is wrong, or its classifiers have different regions.
    """
    view = View() if arguments.config is None else _of_file(arguments.config, arguments.roi)
    view = View(arguments.roi or view.roi, view.bit_depth)
    if arguments.config is not None:
        sys.stderr.write(f'region of interest: {view}, ' + (
            'from --roi\n' if arguments.roi else f'from {Path(arguments.config).name}\n'))
    arguments.bit_depth = view.bit_depth
    if spec is not None:
        from digiphys_ros.perception.preprocess import Preprocessor
        arguments.least_size = Preprocessor(spec, view.roi).least_size
    return view


def with_region(recipe: 'Recipe', view: View) -> 'Recipe':
    """
    Return a recipe with the region of interest; its ranges are kept.

    :raises UsageError: if the recipe is for tables.
    """
    if view.roi is None:
        return recipe
    if recipe.preprocess is None:
        raise UsageError(f'--roi {view}: is for images, and the recipe {recipe.name} is for '
                         'tables: remove --roi.')
    return recipe.replaced({'preprocess.roi': view.roi}).model_copy(update={'tune': recipe.tune})


def _roi(text: str) -> 'Roi':
    from digiphys_ros.bundles.preprocess_spec import check_roi
    try:
        x, y, width, height = map(float, text.split(','))
        check_roi((x, y, width, height))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f'must be x,y,width,height as fractions of the frame, such as 0.25,0,0.5,1, '
            f'received {text!r:.60}') from error
    return x, y, width, height


def _of_file(name: str, roi: 'Roi | None') -> View:
    from digiphys_ros.bundles.preprocess_spec import check_roi, WHOLE_FRAME
    from digiphys_ros.pipeline.parameters_file import ParametersFile
    path = find_resource(name, 'config')
    file = ParametersFile(path)
    if not any(_is_read(section.node) for section in file.sections):
        raise UsageError(f'--config {path}: has no section for the node classifier: use --roi, or '
                         'add one.')
    location, value = ((), None) if roi is not None else _only(file, path, 'roi')
    _, bit_depth = _only(file, path, 'bit_depth')
    try:
        found = None if value is None else tuple(map(float, value))
        check_roi(found)
    except (TypeError, ValueError) as error:
        raise file.error(location, f'{error}') from error
    return View(None if found == WHOLE_FRAME else found, bit_depth or 0)  # type: ignore[arg-type]


def _is_read(node: str) -> bool:
    from digiphys_ros.pipeline.parameters_file import WILDCARDS
    return node == 'classifier' or node in WILDCARDS


def _only(file: 'ParametersFile', path: Path, parameter: str) -> tuple[tuple[Any, ...], Any]:
    """Return the location and the value of a parameter; None without one."""
    found = list(_values(file, parameter))
    # as in ROS, a section with the node's name takes precedence over those for all nodes
    named = [one for one in found if one[0] == 'classifier'] or found
    if any(value != named[0][2] for *_, value in named):
        raise ConfigError(f'{path}: its classifiers differ in `{parameter}`: '
                          f'{" and ".join(str(value) for *_, value in named)}; '
                          + ('choose one with --roi.' if parameter == 'roi' else
                             'use a file with one of them.'))
    return named[-1][1:] if named else ((), None)


def _values(file: 'ParametersFile', parameter: str
            ) -> Iterator[tuple[str, tuple[Any, ...], Any]]:
    for section in file.sections:
        for location, value in section.values:
            if _is_read(section.node) and location[len(section.location) + 1:] == (parameter,):
                yield section.node, location, value

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

"""The folder test/ mirrors the package: each test file is named after its module."""

from pathlib import Path

from digiphys_ros.resources import share_dir
import pytest

ROOT = share_dir()
TESTS = ROOT / 'test'
OF_NO_MODULE = {
    'examples': 'packages of others', 'launch': 'launch files',
    'models': 'the models that are shipped',
    'test_conftest.py': 'what tests share', 'test_docs.py': 'docs, README and project files',
    'test_examples.py': 'examples in docstrings',
    'test_field.py': 'marks of tests',
    'test_interfaces.py': 'messages and services',
    'test_layering.py': 'imports', 'test_mirror.py': 'places of tests',
    'test_packaging.py': 'package.xml, setup.py and the wheel',
    'test_patience.py': 'limits of tests',
}
"""Tests of files outside the package, by file or folder."""
WITHOUT_A_TEST = {
    '.': 'duration errors fixes folders streams',
    'advice': 'chain settings verify',
    'applications': 'settings',
    'applications/sorting': 'collection scene scoring specification',
    'applications/traffic_lights': 'collection demand scene scoring specification',
    'applications/traffic_signs': (
        'camera collection faults route scene scoring signs specification'),
    'applications/triage': 'collection scoring specification',
    'bench': (
        'blind_cameras engines far_side fit frozen_cameras latency load lower_bound memory '
        'options receiver sender simulator small_sender start stopper stopping training '
        'tutorial tutorial_node'),
    'bundles': 'manifest preprocess_spec',
    'cli': 'demo export labeled run sim tune',
    'cli/simulation': 'options scenario',
    'control': (
        'checked_rules command fitting schema settings signal_gate signal_schema '
        'unsure_time validation'),
    'demo': 'plot',
    'doctor': (
        'chain_check environment finding node_report ros_process shared_memory stopped_nodes '
        'system'),
    'doctor/graph': 'estop inspect pairs parameters processes reports sources',
    'learning': 'defaults recipe_abstain recipe_sections',
    'learning/datasets': 'columns files image_paths layouts summary',
    'learning/evaluate': 'adversarial plot table',
    'learning/export': 'litert onnx',
    'learning/networks': 'application article depthwise vgg',
    'learning/train': (
        'background bundle card distributed_trainer fit log precision progress strategy table'),
    'nodes': '__main__',
    'perception': 'giffile jpegfile pngfile stamps tifffile',
    'perception/camera_checks': 'limits measures repeats sample',
    'perception/engines': (
        'engine failure fake kerasfile litert onnx onnxfile savedmodel tensorflow'),
    'perception/sources': (
        'backlog bagfile bagtypes db3file folder mcapfile openers options settings source'),
    'pipeline': 'parameter_values parameters_file settings',
    'ros': (
        'camera_stream diagnostics executor inference_loop launch_arguments observer '
        'sim_clock sim_topics viewer_topics'),
    'ros/gate': 'channel estop_listener guard guard_keeper inputs output_loop report safe_output',
    'ros/messages': 'advice conversion conversions images simulation',
    'ros/parameters': 'ignored service',
    'ros/transport': 'distro middleware segment',
    'simulation': 'advisor application pipeline processes seeds specification',
    'simulation/gazebo': 'adapter links machine',
    'simulation/physics': 'description mjcf physics robot',
    'simulation/rendering': 'camera record',
    'simulation/scenarios': 'expectation faults plot',
}
"""Package -> its modules without their own test; add none."""


def module_of(test):
    """Return the module, relative to the package, that a test is named after, None for none."""
    folder = test.parent.relative_to(TESTS)
    package = ROOT / folder if folder.parts[:1] == ('tools',) else ROOT / 'digiphys_ros' / folder
    words = test.stem.removeprefix('test_').split('_')
    names = ['_'.join(words[:count]) for count in range(len(words), 0, -1)]
    if test.stem == f'test_{folder.name}' and not (package / f'{folder.name}.py').is_file():
        return (package / '__init__.py').relative_to(ROOT)
    # a helper of tests may have a test too
    for place in (package, test.parent):
        for name in names:
            if (place / f'{name}.py').is_file():
                return (place / f'{name}.py').relative_to(ROOT)
    return None


def files():
    return sorted(path for path in TESTS.rglob('test_*.py')
                  if path.relative_to(TESTS).parts[0] not in OF_NO_MODULE)


@pytest.mark.parametrize('test', [str(path.relative_to(TESTS)) for path in files()])
def test_test_file_is_named_after_a_module_of_the_same_folder(test):
    assert module_of(TESTS / test), f'{test}: no module of that name in {Path(test).parent}'


def test_modules_without_a_test_become_fewer():
    tested = set(map(module_of, files()))
    found = {}
    for path in sorted((ROOT / 'digiphys_ros').rglob('*.py')):
        if path.name != '__init__.py' and path.relative_to(ROOT) not in tested:
            room = path.parent.relative_to(ROOT / 'digiphys_ros').as_posix()
            found.setdefault(room, set()).add(path.stem)
    known = {room: set(names.split()) for room, names in WITHOUT_A_TEST.items()}
    added = {room: names - known.get(room, set()) for room, names in found.items()}
    assert not {room: names for room, names in added.items() if names}, 'write a test for them'
    gone = {room: names - found.get(room, set()) for room, names in known.items()}
    assert not {room: names for room, names in gone.items() if names}, 'take them out of the table'

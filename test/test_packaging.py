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

"""Versions, dependencies, and the files that colcon and pip install."""

import ast
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree
import zipfile

import digiphys_ros
import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
COMMANDS = {'digiphys', 'camera', 'classifier', 'policy', 'gate', 'pipeline', 'sim', 'triage',
            'gazebo_adapter'}
OF_ROS = re.compile(r'rclpy|cv_bridge|launch(_ros)?|ament_index_python|\w+_(msgs|interfaces|srvs)')
SHARED = ('config', 'docs/schema', 'launch', 'models', 'worlds')


@pytest.fixture(scope='module')
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder to which colcon installs the package."""
    pytest.importorskip('colcon_ros', reason='colcon is not installed')
    workspace = tmp_path_factory.mktemp('workspace')
    subprocess.run(
        [sys.executable, '-m', 'colcon', '--log-base', 'log', 'build', '--base-paths', REPOSITORY],
        cwd=workspace, check=True, timeout=300, capture_output=True)
    return workspace / 'install' / 'digiphys_ros'


@pytest.fixture
def environment(prefix: Path) -> dict[str, str]:
    """Return the environment after sourcing the workspace."""
    [modules] = prefix.glob('lib/python3*/site-packages')
    return {**os.environ, 'PYTHONPATH': str(modules), 'AMENT_PREFIX_PATH': str(prefix)}


def run(environment: dict[str, str], *words: str | Path) -> str:
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=True,
                          cwd='/', timeout=300).stdout


def test_version_is_the_same_in_every_file() -> None:
    version = ElementTree.parse(REPOSITORY / 'package.xml').findtext('version')
    assert digiphys_ros.__version__ == version
    citation = yaml.safe_load((REPOSITORY / 'CITATION.cff').read_text())
    assert citation['version'] == version
    assert f'version = "{version}"' in (
        REPOSITORY / 'examples' / 'digiphys_example' / 'pyproject.toml').read_text()
    releases = re.findall(r'(?m)^(\S+ \([-\d]+\))\n-+$',
                          (REPOSITORY / 'CHANGELOG.rst').read_text())
    assert releases[0] == f'{version} ({citation["date-released"]})'


def test_mutation_runs_the_tests_of_each_mutated_folder() -> None:
    own = (REPOSITORY / 'pyproject.toml').read_text().split('[tool.mutmut]')[1].split('\n[')[0]
    mutated = re.findall(r'"digiphys_ros/(\w+)/\*"', own)
    assert mutated and sorted(mutated) == sorted(re.findall(r'"test/(\w+)"', own))


@pytest.mark.ros_tools
def test_collection_with_launch_plugins_of_ros_accepts_equal_file_names() -> None:
    pytest.importorskip('launch_testing', reason='launch_testing is not installed')
    done = subprocess.run(
        [sys.executable, '-m', 'pytest', '--collect-only', '-q', 'test/control/test_gate.py',
         'test/nodes/test_gate.py'], cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope='module')
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a wheel that pip builds from a copy of the tree."""
    folder = tmp_path_factory.mktemp('wheel')
    shutil.copytree(REPOSITORY, folder / 'tree', symlinks=True, ignore=shutil.ignore_patterns(
        '.*', '__pycache__', '*.egg-info', 'build', 'install', 'log', 'mutants', 'out'))
    subprocess.run(
        [sys.executable, '-m', 'pip', 'wheel', '-q', '--no-deps', '--no-build-isolation',
         '-w', folder, folder / 'tree'], check=True, timeout=300, capture_output=True)
    [made] = folder.glob('*.whl')
    return made


def test_wheel_puts_only_digiphys_on_path(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        entries = archive.read(next(
            name for name in names if name.endswith('entry_points.txt'))).decode()
        metadata = archive.read(next(
            name for name in names if name.endswith('METADATA'))).decode()
    assert re.findall(r'(?m)^(\w+) = ', entries) == ['digiphys']
    assert {Path(name).name for name in names if '/data/lib/digiphys_ros/' in name} \
        == COMMANDS - {'digiphys'}
    assert 'digiphys_ros/py.typed' in names
    for line in (f'Version: {digiphys_ros.__version__}', 'Classifier: Typing :: Typed',
                 'Description-Content-Type: text/markdown', 'License: Apache-2.0',
                 'Project-URL: Source'):
        assert line in metadata


def test_source_distribution_without_links_installs_the_executables(tmp_path: Path) -> None:
    for name in ('setup.py', 'package.xml', 'README.md'):
        shutil.copy(REPOSITORY / name, tmp_path)
    # an sdist holds files instead of links
    shutil.copytree(REPOSITORY / 'resource', tmp_path / 'resource')
    code = ('import runpy, setuptools; '
            'setuptools.setup = lambda **given: print(dict(given["data_files"])'
            '["lib/digiphys_ros"]); runpy.run_path("setup.py")')
    done = subprocess.run([sys.executable, '-c', code], cwd=tmp_path, capture_output=True,
                          text=True, check=True)
    assert {Path(name).name for name in ast.literal_eval(done.stdout)} \
        == COMMANDS - {'digiphys'}


@pytest.mark.parametrize('option', ['--target', '--prefix'])
def test_wheel_in_any_folder_finds_models_and_starts_nodes(
        wheel: Path, tmp_path: Path, option: str) -> None:
    subprocess.run(
        [sys.executable, '-m', 'pip', 'install', '-q', '--no-deps', '--no-index',
         '--ignore-installed', option, tmp_path, wheel],
        check=True, timeout=300, capture_output=True)
    [package] = tmp_path.rglob('digiphys_ros/__init__.py')
    environment = {**os.environ, 'PYTHONPATH': str(package.parent.parent)}
    code = ('import digiphys_ros as dp; print(dp.__file__, dp.load("sorting_line").labels); '
            'from digiphys_ros.resources import share_dir; print(share_dir())')
    found = run(environment, sys.executable, '-c', code)
    assert str(package) in found and "'defective'" in found
    assert f'{tmp_path}/share/digiphys_ros' in found
    node = tmp_path / 'lib' / 'digiphys_ros' / 'gate'
    # with --target pip drops execute permissions; `ros2 run` does not look there
    assert option == '--target' or os.access(node, os.X_OK)
    # without rclpy, or with a missing file, it exits with one sentence
    done = subprocess.run([sys.executable, node, '--ros-args', '--params-file', 'nowhere.yaml'],
                          env=environment, timeout=60, capture_output=True, text=True)
    assert done.returncode == 2 and 'Traceback' not in done.stderr


def imported(folder: Path) -> set[str]:
    """Return the packages that files of a folder import, also inside functions."""
    nodes = [node for path in folder.rglob('*.py') for node in ast.walk(ast.parse(
        path.read_text()))]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or '' for node in nodes
              if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.split('.')[0] for name in names}


def test_package_xml_lists_every_imported_ros_package() -> None:
    manifest = ElementTree.parse(REPOSITORY / 'package.xml')
    declared = {kind: {entry.text for entry in manifest.findall(kind)}
                for kind in ('exec_depend', 'test_depend')}
    used = imported(REPOSITORY / 'digiphys_ros') | imported(REPOSITORY / 'launch')
    ros = {name for name in used if OF_ROS.fullmatch(name)}
    assert ros >= {'rclpy', 'builtin_interfaces', 'ament_index_python', 'vision_msgs'}
    assert not ros - declared['exec_depend']
    for module, key in {'cv2': 'python3-opencv', 'numpy': 'python3-numpy', 'yaml': 'python3-yaml',
                        'sklearn': 'python3-sklearn', 'matplotlib': 'python3-matplotlib',
                        'tqdm': 'python3-tqdm'}.items():
        assert module not in used or key in declared['exec_depend']
    assert {'python3-hypothesis', 'python3-packaging', 'python3-pytest',
            'python3-pytest-timeout'} <= declared['test_depend']
    assert {url.get('type') for url in manifest.findall('url')} >= {'website', 'repository'}


WITHOUT = """
from importlib.machinery import PathFinder
import os
find = PathFinder.find_spec

def find_spec(cls, name, path=None, target=None):
    return None if name.partition('.')[0] == os.environ['WITHOUT'] else find(name, path, target)

PathFinder.find_spec = classmethod(find_spec)
"""


@pytest.mark.parametrize(('package', 'files', 'skipped'), [
    # imported by the test, by a fixture, and by the command under test
    ('hypothesis', ['test/test_metrics.py', 'test/test_yamlfile.py'], 2),
    ('rosbags', ['test/learning/datasets/test_labeled.py'], 7),
    ('pydantic', ['test/cli/test_baseline.py'], 4),
    ('pydantic', ['test/cli/test_process.py::test_process_ascii_terminal_gets_escapes'], 1),
])
def test_tests_without_an_optional_package_skip_with_a_reason(
        tmp_path: Path, package: str, files: list[str], skipped: int) -> None:
    for name in (package, 'pydantic'):
        pytest.importorskip(name, reason=f'{name} is not installed')
    # of the tests and of the processes that they start
    (tmp_path / 'sitecustomize.py').write_text(WITHOUT)
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get('PYTHONPATH')])])
    done = subprocess.run(
        [sys.executable, '-m', 'pytest', '-p', 'no:hypothesispytest', '-q', '-p',
         'no:cacheprovider', *files], cwd=REPOSITORY, capture_output=True, text=True, timeout=300,
        env={**os.environ, 'PYTHONPATH': path, 'WITHOUT': package})
    assert f'{package} is not installed' in done.stdout, done.stdout
    assert done.returncode in (0, pytest.ExitCode.NO_TESTS_COLLECTED), done.stdout
    assert f'{skipped} skipped' in done.stdout


@pytest.mark.ros
def test_colcon_installs_every_shared_file(prefix: Path) -> None:
    files = {path.relative_to(REPOSITORY) for folder in SHARED
             for path in (REPOSITORY / folder).rglob('*')
             if path.is_file() and '__pycache__' not in path.parts}
    share = prefix / 'share' / 'digiphys_ros'
    assert {path.parts[0] for path in files} >= {'config', 'launch', 'models'}
    assert not {path for path in files if not (share / path).is_file()}


@pytest.mark.field(
    'ros-visualization/rqt_graph #26', 'ros2 run finds no executable of a Python package')
@pytest.mark.ros
def test_colcon_installs_executables_for_ros2_run(prefix: Path) -> None:
    assert {path.name for path in (prefix / 'lib' / 'digiphys_ros').iterdir()
            if os.access(path, os.X_OK)} == COMMANDS


@pytest.mark.ros
def test_digiphys_installed_by_colcon_runs(prefix: Path, environment: dict[str, str]) -> None:
    command = prefix / 'lib' / 'digiphys_ros' / 'digiphys'
    assert 'demo' in run(environment, sys.executable, command, '--help')


@pytest.mark.ros
def test_package_installed_by_colcon_finds_its_files(
        prefix: Path, environment: dict[str, str]) -> None:
    code = 'from digiphys_ros.resources import share_dir; print(share_dir())'
    found = run(environment, sys.executable, '-c', code)
    assert Path(found.strip()) == prefix / 'share' / 'digiphys_ros'


@pytest.mark.ros
def test_ament_index_finds_package_installed_by_colcon(
        prefix: Path, environment: dict[str, str]) -> None:
    pytest.importorskip('ament_index_python')
    code = ('from ament_index_python import get_package_prefix; '
            'print(get_package_prefix("digiphys_ros"))')
    assert Path(run(environment, sys.executable, '-c', code).strip()) == prefix

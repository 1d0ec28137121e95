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

"""Check this machine: packages, transport profile, kernel and model. No ROS."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
import subprocess
import sys

from digiphys_ros.doctor.finding import Finding
from digiphys_ros.errors import ConfigError, DigiphysError
from digiphys_ros.missing import opencv_problem, SOURCE_ROS
from digiphys_ros.resources import find_resource
from digiphys_ros.ros.transport.distro import NO_PROFILE, profile_variable, ros_distro
from digiphys_ros.ros.transport.environment import network_exposure, profile_setting
from digiphys_ros.ros.transport.segment import describe_room, room_bytes, segment_bytes

DEFAULT_SEGMENT_BYTES = 512 * 1024
"""Default shared-memory segment of Fast DDS."""

PROCESSES_WITH_IMAGES = 2
"""At least a camera and a classifier are started."""


def check_ros(environment: Mapping[str, str]) -> Finding:
    """Check rclpy, the distribution and the middleware."""
    if find_spec('rclpy') is None:
        return Finding('ros', 'fail', 'rclpy is not installed in this Python',
                       SOURCE_ROS)
    rmw = environment.get('RMW_IMPLEMENTATION', 'rmw_fastrtps_cpp')
    found = f'{ros_distro(environment)}, {rmw}'
    if 'fastrtps' not in rmw:
        return Finding('ros', 'warn', f'{found}: the shipped transport profile is for Fast DDS',
                       'export RMW_IMPLEMENTATION=rmw_fastrtps_cpp  # or configure '
                       f'{rmw} for large images')
    return Finding('ros', 'ok', found)


def check_transport(environment: Mapping[str, str], frame_bytes: int,
                    profiles: Mapping[str, str] | None = None) -> list[Finding]:
    """
    Compare the active shared-memory segments with the size of a frame and with /dev/shm.

    :param profiles: profiles of running nodes, as ``GraphLook.profiles``. For a node without one,
        or if nothing runs, the profile of the environment is checked.
    """
    profiles = profiles or {}
    users: dict[str, list[str]] = {}
    for name, profile in sorted(profiles.items()):
        if profile:
            users.setdefault(profile, []).append(name)
    # running nodes have already allocated their segments
    findings = [_check_profile(profile, ', '.join(names), frame_bytes, room_bytes(whole=True),
                               environment)
                if profile == NO_PROFILE or Path(profile).exists() else
                Finding('transport', 'skip', f'{", ".join(names)}: {profile} does not exist here: '
                        'it may be in another container') for profile, names in users.items()]
    if users and all(profiles.values()):
        return findings
    here = environment.get(profile_variable(environment)) or NO_PROFILE
    finding = _check_profile(here, 'nodes started here', frame_bytes, room_bytes(), environment)
    # `digiphys run` and the launch files set a profile
    return [*findings, replace(finding, status='warn') if here == NO_PROFILE else finding]


def _check_profile(profile: str, who: str, frame_bytes: int, room: int,
                   environment: Mapping[str, str]) -> Finding:
    variable = profile_variable(environment)
    fix = (f'export {profile_setting(environment)}  # before nodes start; between machines: '
           'robot.xml; `digiphys run` and the launch files set it')
    segment, origin = DEFAULT_SEGMENT_BYTES, 'the default, no profile'
    if profile != NO_PROFILE:
        try:
            segment, origin = segment_bytes(Path(profile)), profile
        except (ConfigError, ValueError) as error:
            return Finding('transport', 'fail', f'{who}: {variable}={profile}: {error}', fix)
    if not segment:
        return Finding('transport', 'warn', f'{who}: no shared memory ({origin}): images use '
                       'UDP, and large ones may be lost', fix)
    found = (f'{who}: shared-memory segment of {segment / 1e6:.1f} MB ({origin}), a frame has '
             f'{frame_bytes / 1e6:.1f} MB')
    if segment < 2 * frame_bytes:
        return Finding('transport', 'fail', f'{found}: large frames will be lost', fix)
    if segment * PROCESSES_WITH_IMAGES > room:
        return Finding(
            'transport', 'fail', f'{found}; {describe_room(room)}, and each '
            f'of {PROCESSES_WITH_IMAGES} processes takes a segment: frames will be lost',
            'digiphys doctor --fix  # and in a container `docker run --shm-size=512m` or '
            '`--ipc=host`; `digiphys run` and the launch files make the segment fit')
    return Finding('transport', 'ok', found)


def check_exposure(environment: Mapping[str, str]) -> Finding:
    """Check which machines can reach nodes started in this environment."""
    try:
        sentence = network_exposure('none', environment)
    except ConfigError as error:
        return Finding('network', 'fail', str(error), 'digiphys doctor  # after the profile is '
                       'corrected')
    if not sentence:
        return Finding('network', 'ok', 'nodes started here are reachable from this machine only')
    found, _, fix = sentence.removeprefix('transport none: ').partition(' To limit it: ')
    return Finding('network', 'warn', f'nodes started here: {found}', fix)


def check_opencv() -> Finding:
    """Check that OpenCV works with the installed NumPy."""
    problem = opencv_problem()
    if problem:
        return Finding('opencv', 'fail', *problem)
    import cv2
    return Finding('opencv', 'ok', f'OpenCV {cv2.__version__}, NumPy {_version("numpy")}')


def check_cv_bridge() -> Finding:
    """Import cv_bridge with the installed NumPy in a separate process, which may crash."""
    numpy = _version('numpy')
    if find_spec('cv_bridge') is None:
        return Finding('cv_bridge', 'ok', f'not installed (NumPy {numpy}); needed only for '
                       'encodings that this package does not support')
    try:
        done = subprocess.run(
            [sys.executable, '-c', 'from cv_bridge import CvBridge; CvBridge()'],
            capture_output=True, text=True, errors='replace', timeout=60)
        reason = (done.stderr.strip().splitlines() or ['it crashed'])[-1]
    except subprocess.TimeoutExpired:
        done, reason = None, 'it hangs'
    if done is None or done.returncode:
        return Finding('cv_bridge', 'warn', f'import fails with NumPy {numpy}: {reason}',
                       "pip install 'numpy<2'  # or uninstall cv_bridge")
    return Finding('cv_bridge', 'ok', f'imports with NumPy {numpy}')


def check_engines() -> Finding:
    """Check which inference engines are installed, and whether there is a GPU."""
    found = {package: _version(package) for package in ('ai-edge-litert', 'tensorflow')}
    gpu = 'an NVIDIA GPU' if Path('/dev/nvidia0').exists() else 'no NVIDIA GPU'
    installed = ', '.join(f'{name} {number}' for name, number in found.items() if number)
    if not installed:
        return Finding('engines', 'fail', f'neither LiteRT nor TensorFlow is installed, {gpu}',
                       'pip install ai-edge-litert')
    return Finding('engines', 'ok', f'{installed}, {gpu}')


def check_bundle(name: str, rules: str) -> Finding:
    """Load a bundle, run its golden frames, and compare its classes with the rules."""
    from digiphys_ros.control.config import check_labels, load_control
    from digiphys_ros.control.fitting import fit_fix
    from digiphys_ros.pipeline.model import load_model

    def look() -> str | Finding:
        model = load_model(name)
        bundle = model.bundle
        control = load_control(find_resource(rules, 'config'))
        try:
            check_labels(control, bundle.labels, bundle.manifest.name)
        except ConfigError as error:
            return Finding('bundle', 'fail', f'{rules}: {error}', fit_fix(control, rules))
        return (f'{bundle.manifest.name} {bundle.hash[:12]}, {len(bundle.labels)} classes, golden '
                f'frames correct, {model.why}')
    return _read('bundle', look, f'digiphys doctor --bundle {quote(name)} --rules {quote(rules)}  '
                 '# after fixing the error above')


def check_config(name: str, namespace: str = '') -> Finding:
    """Read a parameters file as ``digiphys run`` does."""
    from digiphys_ros.applications import DEFAULT, find_application
    from digiphys_ros.ros.parameters.configuration import load_configuration

    fix = f'digiphys doctor --config {quote(name)}  # after the file is corrected'

    def look() -> str | Finding:
        found = load_configuration(
            find_resource(name, 'config'), namespace,
            base=find_resource(find_application(DEFAULT).config, 'config'))
        starts = f'{name} starts {", ".join(found.nodes)}'
        if found.notes:
            return Finding('parameters', 'warn', f'{starts}; {" ".join(found.notes)}', fix)
        return starts
    return _read('parameters', look, fix)


def check_rules(name: str) -> Finding:
    """Check for rules that move an actuator for long without a recognized class."""
    from digiphys_ros.control.config import control_warnings, load_control

    def look() -> str | Finding:
        control = load_control(find_resource(name, 'config'))
        if warnings := control_warnings(control):
            return Finding('rules', 'warn', '; '.join(warnings),
                           f'digiphys doctor --rules {quote(name)}  # after '
                           'lowering `votes.max_unsure_s`')
        return (f'{name}: {control.votes.max_unsure_s:g} s without a recognized class lead to the '
                'safe state')
    return _read('rules', look,
                 f'digiphys doctor --rules {quote(name)}  # after the file is corrected')


def _read(check: str, look: Callable[[], str | Finding], fix: str) -> Finding:
    """Return the result of a check of files; an error gets this fix."""
    try:
        found = look()
    except DigiphysError as error:
        return Finding(check, 'fail', str(error), fix)
    return found if isinstance(found, Finding) else Finding(check, 'ok', found)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ''

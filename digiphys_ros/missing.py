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

"""Explain in one sentence which Python package does not load, with the command that fixes it."""

from contextlib import redirect_stderr
from functools import cache
import io
import sys

PACKAGES = {'cv2': 'opencv-python-headless', 'yaml': 'pyyaml', 'sklearn': 'scikit-learn',
            'ai_edge_litert': 'ai-edge-litert', 'pydantic': "'pydantic>=2'"}
"""Modules whose package has another name or needs a version."""

SOURCE_ROS = 'source /opt/ros/DISTRO/setup.bash  # or: make venv && . .venv/bin/activate'
"""The fix if rclpy or message packages are missing."""

ABI_CLASH = ('numpy.core.multiarray failed', 'numpy.core.umath failed', '_ARRAY_API', '_UFUNC_API',
             'compiled using NumPy 1', 'numpy.dtype size changed')
"""Texts of import errors of modules that were built for another NumPy."""


def explain_import_error(error: ImportError) -> tuple[str, str]:
    """Return why a package does not load, and the fix."""
    problem = opencv_problem() if is_of_opencv(error) else None
    if problem is None:
        return _explain(error, 'a package')
    return problem


def is_of_opencv(error: ImportError) -> bool:
    """Return whether OpenCV may have failed to load: the error does not always name it."""
    return error.name in (None, 'cv2') or (error.name or '').startswith(('cv2.', 'numpy'))


@cache
def opencv_problem() -> tuple[str, str] | None:
    """
    Load OpenCV; return why that fails, and the fix.

    NumPy prints a page for each attempt to load a module that was built for another NumPy. The
    page is suppressed, and later attempts in this process fail without it.
    """
    try:
        with redirect_stderr(io.StringIO()):
            import cv2  # noqa: F401
    except ImportError as error:
        sys.modules['cv2'] = None  # type: ignore[assignment]
        return _explain(error, 'OpenCV')
    return None


def _explain(error: ImportError, subject: str) -> tuple[str, str]:
    text = ' '.join(str(error).split())
    module = (error.name or '').split('.')[0]
    if any(words in text for words in ABI_CLASH):
        numpy = _version('numpy')
        built_for, upgrade = ('NumPy 1', '') if int(numpy.split('.')[0]) > 1 else (
            'a newer NumPy', '--upgrade ')
        return (f'{subject} does not load: it was built for {built_for}, and '
                f'NumPy {numpy} is installed', f"pip install {upgrade}'numpy<2' ai-edge-litert")
    if 'libGL' in text:
        return (f'{subject} does not load: {text}',
                'sudo apt-get install libgl1  # or: pip install opencv-python-headless')
    if module.startswith(('rclpy', 'rcl_')) or module.endswith('_msgs'):
        return f'a package is missing: {text}', SOURCE_ROS
    return (f'a package is missing: {text}',
            f'pip install {PACKAGES.get(module, module)}' if module else
            'digiphys doctor  # after installing the named package')


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version
    try:
        return version(package)
    except PackageNotFoundError:
        return '0'

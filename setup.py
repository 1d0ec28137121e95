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

"""Package description for colcon (ament_python) and pip."""

from pathlib import Path
from xml.etree import ElementTree

from setuptools import find_packages, setup

PACKAGE = 'digiphys_ros'
EXECUTABLES = sorted(Path('resource/executables').iterdir())
ABOUT = 'Camera in, safe command out: image classification and safe actuation for ROS 2.'
HOME = 'https://github.com/digiphys/digiphys_ros'


def shared(folder):
    """Return data_files entries that install a folder with its subfolders."""
    files = [path for path in sorted(Path(folder).rglob('*'))
             if path.is_file() and '__pycache__' not in path.parts]
    return [(f'share/{PACKAGE}/{path.parent}', [str(path)]) for path in files]


setup(
    name=PACKAGE,
    version=ElementTree.parse('package.xml').findtext('version'),
    packages=find_packages(include=[PACKAGE, f'{PACKAGE}.*']),
    package_data={PACKAGE: ['py.typed']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{PACKAGE}']),
        (f'share/{PACKAGE}', ['package.xml']),
        # not on the PATH; `ros2 run` and launch files look there
        (f'lib/{PACKAGE}', [str(path) for path in EXECUTABLES if path.name != 'node']),
        *(entry for folder in ('config', 'docs/schema', 'launch', 'models', 'worlds')
          for entry in shared(folder)),
    ],
    install_requires=['setuptools', 'numpy', 'opencv-python', 'pydantic>=2', 'pyyaml'],
    extras_require={
        'litert': ['ai-edge-litert'],
        'tensorflow': ['tensorflow'],
        'onnx': ['onnxruntime'],
        'bags': ['rosbags'],
        'docs': ['mkdocs-material', 'mkdocstrings[python]'],
        'train': ['ai-edge-litert', 'matplotlib', 'onnx', 'onnxruntime', 'optuna', 'pillow',
                  'rosbags', 'scikit-learn', 'tensorboard', 'tensorflow', 'tf2onnx', 'tqdm'],
        'sim': ['matplotlib', 'mujoco', 'tqdm'],
        'test': ['hypothesis', 'jsonschema', 'pytest', 'pytest-timeout', 'pytest-xdist'],
        'mutants': ['mutmut'],
    },
    python_requires='>=3.10',
    zip_safe=False,
    author='digiphys_ros contributors',
    maintainer='digiphys_ros contributors',
    maintainer_email='maintainers@digiphys-ros.example',
    description=ABOUT,
    long_description=Path('README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    url=HOME,
    project_urls={'Source': HOME, 'Issues': f'{HOME}/issues',
                  'Changelog': f'{HOME}/blob/main/CHANGELOG.rst'},
    license='Apache-2.0',
    keywords=['ROS', 'robotics', 'image classification', 'safety', 'TensorFlow'],
    classifiers=[
        'Development Status :: 4 - Beta',
        'Environment :: GPU',
        'Intended Audience :: Developers',
        'Intended Audience :: Science/Research',
        'Operating System :: POSIX :: Linux',
        *(f'Programming Language :: Python :: 3.{minor}' for minor in range(10, 15)),
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
        'Topic :: Scientific/Engineering :: Image Recognition',
        'Typing :: Typed',
    ],
    entry_points={'console_scripts': ['digiphys = digiphys_ros.cli.main:main']},
)

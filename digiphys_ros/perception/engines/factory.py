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

"""Choose the engine of a bundle on this machine."""

from importlib.util import find_spec
from pathlib import Path

from digiphys_ros.bundles.bundle import Bundle
from digiphys_ros.errors import ConfigError, EngineError
from digiphys_ros.perception.engines.engine import Engine
from digiphys_ros.perception.engines.failure import one_sentence
from digiphys_ros.perception.engines.kind import EngineKind, ENGINES


def create_engine(bundle: Bundle, name: str = 'auto', *, threads: int = 0, xla: bool = False,
                  mixed_precision: bool = False) -> tuple[Engine, str]:
    """
    Create an engine for a bundle.

    :param name: a name in ``ENGINES``, or ``auto`` for the best one on this machine.
    :param threads: inference threads; 0 is every core for LiteRT, and the default of other
        engines.
    :param xla: compile with XLA (tensorflow).
    :param mixed_precision: compute in float16 on a GPU (tensorflow).
    :return: the engine, and one line with the reason of the choice.
    :raises ConfigError: for a negative number of threads.
    :raises EngineError: when no engine can run the bundle here, with the fix.
    """
    if not isinstance(threads, int) or threads < 0:
        raise ConfigError(f'threads must be a whole number, 0 or more, received {threads!r}.')
    chosen, why = _choose(bundle) if name == 'auto' else (name, 'requested')
    if chosen not in ENGINES:
        raise EngineError(f'engine "{name}" is unknown, allowed are auto, {", ".join(ENGINES)}.')
    found = ENGINES[chosen]
    problem = runtime_problem(chosen, found)
    if problem:
        raise EngineError(problem)
    given = {'threads': threads, 'xla': xla, 'mixed_precision': mixed_precision}
    with one_sentence(f'{bundle.directory}: engine {chosen} cannot load the model'):
        engine: Engine = ENGINES.follow(chosen, found.engine)(
            bundle, **{option: given[option] for option in found.options})
    device = f' on {engine.device}' if found.reports_device else ''
    return engine, f'engine {chosen}{device}: {why}'


def _choose(bundle: Bundle) -> tuple[str, str]:
    runs = {name: _can_run(name, ENGINES[name], bundle)
            for name in ENGINES.built_in}
    if runs['tensorflow'] and Path('/dev/nvidia0').exists() and tensorflow_sees_gpu():
        return 'tensorflow', 'this machine has an NVIDIA GPU'
    if runs['litert']:
        return 'litert', 'no GPU, and the bundle holds a LiteRT model'
    if runs['tensorflow']:
        return 'tensorflow', 'LiteRT is not installed, or the bundle holds no LiteRT model'
    if runs['onnx']:
        return 'onnx', 'the bundle holds nothing else that can run here'
    for name, kind in ENGINES.usable_plugins():
        if _can_run(name, kind, bundle):
            return name, 'no built-in engine can run the bundle here'
    raise EngineError(
        f'{bundle.directory}: holds {", ".join(bundle.manifest.files)}, and no engine for it is '
        'installed: pip install ai-edge-litert (small) or pip install tensorflow; digiphys doctor '
        'lists plug-ins that cannot be used')


def _can_run(name: str, kind: EngineKind, bundle: Bundle) -> bool:
    return not bundle.manifest.files.keys().isdisjoint(kind.files) \
        and not runtime_problem(name, kind)


def runtime_problem(name: str, kind: EngineKind) -> str:
    """
    Return why the required module of an engine cannot be used, with the fix; empty if it can.

    :param name: name of the engine.
    """
    try:
        if find_spec(kind.module) is not None:
            return ''
    except ModuleNotFoundError:  # of a package that holds the module
        pass
    except (Exception, SystemExit) as error:  # third-party code: the package is imported
        return (f'engine {name}: the package {kind.package} cannot be imported: '
                f'{type(error).__name__}: {" ".join(str(error).split())[:300]}; repair it: '
                f'pip install --force-reinstall {kind.package}')
    return f'engine {name} needs the package {kind.package}: pip install {kind.package}'


def tensorflow_sees_gpu() -> bool:
    """Return whether TensorFlow finds a GPU; imports TensorFlow."""
    from digiphys_ros.perception.engines.tensorflow import sees_gpu
    return sees_gpu()

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

"""``digiphys bench``: measure the pipeline and training on this machine."""

import argparse
from importlib import import_module
import os
from pathlib import Path
import platform
import sys
from tempfile import TemporaryDirectory
from typing import Any

from digiphys_ros.bench.options import BenchOptions
from digiphys_ros.cli.output import check_targets, write_json
from digiphys_ros.errors import UsageError
from digiphys_ros.ros.transport.variables import check_middleware

BENCHMARKS = ('latency', 'tutorial', 'load', 'network', 'start', 'memory', 'training', 'engines',
              'stages', 'simulator', 'stopping')
NO_GPU = {
    'litert': 'no GPU: LiteRT runs on the processor.',
    **dict.fromkeys(('auto', 'tensorflow'), 'no GPU: TensorFlow uses none here; all below is '
                    'measured on the processor.'),
    'onnx': 'no GPU: ONNX Runtime uses none here; all below is measured on the processor.'}
ENGINES = tuple(NO_GPU)
LONGEST_S = 3600


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'bench', help='measure the pipeline and training on this machine',
        description='Run the nodes as processes over DDS on this machine and measure frames '
                    'received, end-to-end latency (capture to command) against its lower bound '
                    'and against a tutorial-style node, load, images between two network '
                    'namespaces, start and memory; training against a bare Keras fit; the '
                    'engines alone, on a GPU if there is one; each stage of the classifier; and '
                    'the embedded simulator.')
    parser.add_argument('--only', choices=BENCHMARKS, action='append',
                        help='run only this benchmark; may be given again')
    parser.add_argument('--short', action='store_true',
                        help='run only the usual case, once, and check ratios against twice '
                             'their limits; takes a few minutes')
    parser.add_argument('--engine', choices=ENGINES, default='auto',
                        help='inference engine of latency, load and engines (%(default)s)')
    parser.add_argument('--out', metavar='DIR', default='out/bench',
                        help='folder for the plots (%(default)s)')
    parser.add_argument('--json', metavar='FILE', help='write the figures; - is standard output')
    parser.add_argument('--seconds', type=float, default=6.0, metavar='N',
                        help='length of one measurement (%(default)s)')
    parser.add_argument('--rounds', type=int, default=3, metavar='N',
                        help='interleaved rounds; results are medians (%(default)s)')


def run(arguments: argparse.Namespace) -> int:
    """Run the benchmarks; return 0 when every limit is met."""
    if not 2 <= arguments.seconds <= LONGEST_S or arguments.rounds < 1:
        raise UsageError(f'--seconds must be 2 to {LONGEST_S} and --rounds at least 1, received '
                         f'{arguments.seconds:g} and {arguments.rounds}.')
    check_middleware(os.environ)
    check_targets(arguments, ['json'], ['out'])
    Path(arguments.out).mkdir(parents=True, exist_ok=True)
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
    # else this process takes all GPU memory, and its child processes get none
    os.environ.setdefault('TF_FORCE_GPU_ALLOW_GROWTH', 'true')
    machine = (f'{os.cpu_count()} cores of {_processor()}, Python {platform.python_version()}, '
               f'engine {arguments.engine}')
    import_module('digiphys_ros.bench.running').keep_to_this_machine()
    with TemporaryDirectory() as work:
        options = BenchOptions(arguments.engine, arguments.short, arguments.seconds,
                               1 if arguments.short else arguments.rounds, Path(work))
        bundles = import_module('digiphys_ros.bench.bundles')
        gpu = bundles.runs_on_gpu(options.work, options.engine)
        report: dict[str, Any] = {'machine': machine, 'gpu': gpu, 'cases': {}, 'limits': []}
        lines = [machine, *([] if gpu else ['', NO_GPU[arguments.engine]])]
        for name in dict.fromkeys(arguments.only or BENCHMARKS):
            benchmark = import_module(f'digiphys_ros.bench.{name}')
            part = benchmark.measure(options)
            lines += ['', *benchmark.table(part['cases'])]
            report['cases'][name] = part['cases']
            report['limits'] += part['limits']
            # a later error does not lose hours of measurements
            if arguments.json not in (None, '-'):
                write_json(report, arguments.json)
    plots = import_module('digiphys_ros.bench.plot').draw(report['cases'], Path(arguments.out))
    report['plots'] = [str(path) for path in plots]
    if arguments.json:
        write_json(report, arguments.json)
    if arguments.json != '-':
        sys.stdout.write('\n'.join([
            *lines, *limits_table(report['limits']), '', *map(str, plots)]) + '\n')
    key = 'passed_short' if arguments.short else 'passed'
    return 0 if all(one[key] for one in report['limits']) else 1


def _processor() -> str:
    """Return the name of the processor as Linux reports it."""
    lines = Path('/proc/cpuinfo').read_text(errors='replace').splitlines()
    names = [line.partition(':')[2].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.machine()


def limits_table(limits: list[dict[str, Any]]) -> list[str]:
    """Return figures and their limits as lines of Markdown."""
    return [] if not limits else [
        '', '| figure | value | rounds | limit | result |', '|---|---|---|---|---|', *[
            f'| {one["name"]} | {one["value"]:g} | '
            + (f'{one["lowest"]:g} to {one["highest"]:g}' if 'lowest' in one else '')
            + f' | {one["limit"]:g} | {"passed" if one["passed"] else "failed"} |'
            for one in limits]]

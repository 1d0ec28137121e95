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

"""Entry point of the ``digiphys`` command."""

import argparse
from collections.abc import Sequence
from contextlib import redirect_stderr
from importlib import import_module
import io
import os
import signal
import sys
from typing import Any, NoReturn
import warnings

from digiphys_ros import __version__
from digiphys_ros.cli.process import CLOSED_PIPE, is_unread, run_process, say
from digiphys_ros.cli.renamed_options import rename_options
from digiphys_ros.cli.simulation.old_form import upgrade
from digiphys_ros.errors import (
    AdviceError,
    AuditError,
    AuditFileError,
    DigiphysError,
    one_line,
    UsageError,
)
from digiphys_ros.files import limit_opencv
from digiphys_ros.missing import explain_import_error, opencv_problem
from digiphys_ros.renamed import show_renamed
from digiphys_ros.ros.supervision.output_relay import SHOW_ALL

SUBCOMMANDS = {
    'demo': 'run the whole pipeline on the simulated sign course or any other source',
    'run': 'start the nodes of a parameters file and keep them running',
    'doctor': 'check this machine and the running graph, and name each fix',
    'data': 'inspect and split labeled data',
    'train': 'train a network and write a model bundle',
    'baseline': 'measure a decision tree and a support-vector machine on labeled data',
    'tune': "search a recipe's ranges for the best validation accuracy",
    'evaluate': 'measure a model bundle on labeled images',
    'export': "export a bundle's Keras model to LiteRT, SavedModel and ONNX",
    'triage': 'review advice, record decisions, verify the audit log',
    'sim': 'run, measure and collect images in the embedded simulator',
    'bench': 'measure the pipeline and training on this machine',
}

WITHOUT_IMAGES = ('doctor', 'bench', 'triage')
"""Subcommands that do not need OpenCV, or report problems with it."""

DESCRIPTION = """\
digiphys: camera in, safe command out.

Image classification and safe actuation for ROS 2: camera frames are classified by a TensorFlow
CNN, and its results move an actuator through a fail-safe gate.
"""

EPILOGUE = """\
exit codes:
  0  success
  1  the command ran, but its checks failed
  2  invalid input: wrong arguments, a missing file, invalid data, recipe or bundle, a full disk,
     a missing package
  130, 141, 143: ended by Ctrl-C, a closed pipe or SIGTERM

examples:
  digiphys demo
  digiphys demo --source signs.npz --headless --json report.json
  digiphys sim run traffic_signs --record course.mp4
  digiphys run --config traffic_signs
  digiphys doctor
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence, without the usage text."""

    def parse_known_args(  # type: ignore[override]
            self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Refuse unknown words in the parser of the subcommand, which its error then names."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f'unrecognized arguments: {" ".join(unknown)}')
        return found, unknown

    def error(self, message: str) -> NoReturn:
        raise UsageError(f'{message} (see: {self.prog} --help)')


def build_parser(subcommands: Sequence[str] = tuple(SUBCOMMANDS)) -> argparse.ArgumentParser:
    """Return the parser; only the modules of ``subcommands`` are imported."""
    parser = _Parser(
        prog='digiphys', description=DESCRIPTION, epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--debug', action='store_true',
                        help='show tracebacks, and output of TensorFlow and LiteRT')
    parser.add_argument('--version', action='version', version=f'digiphys {__version__}')
    subparsers = parser.add_subparsers(dest='subcommand', metavar='SUBCOMMAND',
                                       required=True)
    for subcommand in SUBCOMMANDS:
        if subcommand in subcommands:
            import_module(f'digiphys_ros.cli.{subcommand}').add_parser(subparsers)
        else:
            subparsers.add_parser(subcommand, help=SUBCOMMANDS[subcommand])
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run one subcommand.

    :param arguments: None for the command line of this process, whose streams and signals are then
        set up too.
    :return: the exit code, 0 for success.
    """
    limit_opencv()
    if arguments is not None:
        return _run(list(arguments))
    words = sys.argv[1:]
    if '--debug' in words:
        os.environ[SHOW_ALL] = '1'
    return run_process(lambda: _run(words), relayed=_find_subcommand(words) == ['run'])


def _find_subcommand(words: Sequence[str]) -> list[str]:
    return [word for word in words if word in SUBCOMMANDS][:1]


def _run(words: Sequence[str]) -> int:
    with warnings.catch_warnings():
        show_renamed(say)
        return _run_subcommand(words)


def _run_subcommand(words: Sequence[str]) -> int:
    try:
        _check_homes(words)
        # NumPy prints a page about a module that was built for another NumPy
        with redirect_stderr(io.StringIO()):
            found = _find_subcommand(words)
            parser = build_parser(found)
        parsed = parser.parse_args(rename_options(''.join(found), upgrade(words)))
        if parsed.subcommand not in WITHOUT_IMAGES and (problem := opencv_problem()):
            say('; fix: '.join(problem))
            return 2
        return int(import_module(f'digiphys_ros.cli.{parsed.subcommand}').run(parsed))
    except DigiphysError as error:
        if '--debug' in words:
            raise
        say(str(error))
        # a changed log is a failed check, an unreadable one is invalid input
        return 1 if isinstance(error, (AdviceError, AuditError)) and not isinstance(
            error, AuditFileError) else 2
    except ImportError as error:
        if '--debug' in words:
            raise
        say('; fix: '.join(explain_import_error(error)))
        return 2
    except OSError as error:
        if is_unread(error):
            return CLOSED_PIPE
        if '--debug' in words:
            raise
        say(one_line(f'{error.filename or "a file"}: {error.strerror or error}.'))
        return 2
    except KeyboardInterrupt as ended:
        return 128 + getattr(ended, 'number', signal.SIGINT)
    except Exception as error:  # no input may cause a traceback
        if '--debug' in words:
            raise
        say(one_line(_unexpected(error, words)))
        return 2


def _unexpected(error: Exception, words: Sequence[str]) -> str:
    """Return a sentence for an unexpected error."""
    given = ', '.join(word for word in words if os.path.exists(word)) or 'the input'
    if isinstance(error, MemoryError):
        return f'{given}: there is not enough memory: use less data or smaller images.'
    if isinstance(error, RecursionError):
        return f'{given}: is nested too deeply: use fewer levels.'
    return (f'{given}: cannot be used ({type(error).__name__}: {error}); if the input is valid, '
            'report the output of --debug.')


def _check_homes(words: Sequence[str]) -> None:
    """Refuse ~NAME of an unknown user, which the shell does not expand."""
    for word in (word.rpartition('=')[2] for word in words):
        if word.startswith('~') and os.path.expanduser(word) == word:
            raise UsageError(f'{word}: {word.partition("/")[0]} is not the home folder of a user; '
                             'write ./ before a name that starts with ~.')


if __name__ == '__main__':
    sys.exit(main())

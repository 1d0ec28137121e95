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
from typing import NoReturn
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

VERBS = {
    'demo': 'run the whole pipeline on a drawn sign course or any other source',
    'run': 'start the nodes of a configuration and keep them alive',
    'doctor': 'check this machine and the running graph, and name each fix',
    'data': 'look at labelled data, and split it',
    'train': 'train a network and write a model bundle',
    'baseline': 'measure a decision tree and a support-vector machine on labelled data',
    'tune': "search a recipe's ranges for what validates best",
    'evaluate': 'measure a model bundle on labelled images',
    'export': "export a bundle's Keras model to LiteRT, SavedModel and ONNX",
    'triage': 'review advice, record decisions, verify the audit log',
    'sim': 'run, measure and collect images in the embedded simulator',
    'bench': 'measure the pipeline and training on this machine',
}

WITHOUT_IMAGES = ('doctor', 'bench', 'triage')
"""Verbs that need no OpenCV themselves, or say what is wrong with it."""

DESCRIPTION = """\
digiphys: camera in, safe command out.

Image classification and safe actuation for ROS 2: camera frames are classified by a TensorFlow
CNN, and its results move an actuator through a gate that fails safe.
"""

EPILOGUE = """\
exit codes:
  0  the verb did what it says
  1  it ran, and the result is not good
  2  it could not: wrong arguments, a missing file, data, a recipe or a bundle that cannot be used,
     a full disk, nothing to simulate with
  130, 141, 143: Ctrl-C, a closed pipe or SIGTERM ended it

examples:
  digiphys demo
  digiphys demo --source signs.npz --headless --json report.json
  digiphys sim run traffic_signs --record course.mp4
  digiphys run --config traffic_signs
  digiphys doctor
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence, without the usage text around it."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f'{message} (see: {self.prog} --help)')


def build_parser(verbs: Sequence[str] = tuple(VERBS)) -> argparse.ArgumentParser:
    """Return the parser; only the modules of ``verbs`` are imported."""
    parser = _Parser(
        prog='digiphys', description=DESCRIPTION, epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--debug', action='store_true',
                        help='show tracebacks, and what TensorFlow and LiteRT write')
    parser.add_argument('--version', action='version', version=f'digiphys {__version__}')
    subparsers = parser.add_subparsers(dest='verb', metavar='VERB', required=True)
    for verb in VERBS:
        if verb in verbs:
            import_module(f'digiphys_ros.cli.{verb}').add_parser(subparsers)
        else:
            subparsers.add_parser(verb, help=VERBS[verb])
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run one verb.

    :param arguments: None is this process's command line: then its streams and signals are set
        too.
    :return: the exit code, 0 only when the verb did what it says.
    """
    limit_opencv()
    if arguments is not None:
        return _run(list(arguments))
    words = sys.argv[1:]
    if '--debug' in words:
        os.environ[SHOW_ALL] = '1'
    return run_process(lambda: _run(words), relayed=_asked(words) == ['run'])


def _asked(words: Sequence[str]) -> list[str]:
    return [word for word in words if word in VERBS][:1]


def _run(words: Sequence[str]) -> int:
    with warnings.catch_warnings():
        show_renamed(say)
        return _run_verb(words)


def _run_verb(words: Sequence[str]) -> int:
    try:
        _check_homes(words)
        # NumPy writes a page about a module that was built for another NumPy
        with redirect_stderr(io.StringIO()):
            parser = build_parser(_asked(words))
        parsed = parser.parse_args(rename_options(''.join(_asked(words)), upgrade(words)))
        if parsed.verb not in WITHOUT_IMAGES and (problem := opencv_problem()):
            say('; fix: '.join(problem))
            return 2
        return int(import_module(f'digiphys_ros.cli.{parsed.verb}').run(parsed))
    except DigiphysError as error:
        if '--debug' in words:
            raise
        say(str(error))
        # a log that was changed is a result, one that cannot be read is none
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
    except Exception as error:  # the last net: input never ends in a traceback
        if '--debug' in words:
            raise
        say(one_line(_unexpected(error, words)))
        return 2


def _unexpected(error: Exception, words: Sequence[str]) -> str:
    """Return a sentence on an error that no reader has made one of."""
    given = ', '.join(word for word in words if os.path.exists(word)) or 'what it was given'
    if isinstance(error, MemoryError):
        return f'{given}: needs more memory than there is: take less data, or smaller images.'
    if isinstance(error, RecursionError):
        return f'{given}: is nested too deep to be read.'
    return (f'{given}: cannot be used ({type(error).__name__}: {error}); if nothing is wrong with '
            'it, report what --debug shows.')


def _check_homes(words: Sequence[str]) -> None:
    """Refuse a home folder of nobody, which the shell leaves as it is."""
    for word in (word.rpartition('=')[2] for word in words):
        if word.startswith('~') and os.path.expanduser(word) == word:
            raise UsageError(f'{word}: {word.partition("/")[0]} is the home folder of nobody; '
                             'write ./ before a name that starts with ~.')


if __name__ == '__main__':
    sys.exit(main())

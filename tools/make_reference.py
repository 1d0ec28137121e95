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

"""
Generate the tables of docs/reference from the code.

Usage: make_reference.py. It replaces the text between ``<!-- begin generated: NAME -->`` and
``<!-- end generated -->``: tables of parameters, of keys in YAML and JSON files, and of the
command line. A test fails if a page is out of date.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
import json
from pathlib import Path
import re
import sys
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / 'docs' / 'reference'
PART = re.compile(r'(<!-- begin generated: (\w+) -->\n).*?(<!-- end generated -->)', re.S)


def regenerate(page: str) -> str:
    """Return the text of a page with new generated parts."""
    return PART.sub(lambda found: found[1] + PARTS[found[2]]().strip() + '\n' + found[3], page)


def parameters() -> str:
    """Return the table of the parameters of all nodes."""
    from digiphys_ros.ros.parameters.configuration import declared, NODES
    rows = [(node, f'`{one.name}`', f'`{_value(one.default)}`', _allowed(one),
             'yes' if one.runtime else '', one.description)
            for node in NODES for one in declared(node)]
    return '\n'.join(['| node | parameter | default | range | at run time | meaning |',
                      '|---|---|---|---|---|---|', *(f'| {" | ".join(row)} |' for row in rows)])


def _value(default: object) -> str:
    return str(default).lower() or "''" if isinstance(default, (bool, str)) else str(default)


def _allowed(parameter: Any) -> str:
    if parameter.choices:
        return ', '.join(parameter.choices)
    return '' if parameter.low is None else f'{parameter.low:g} to {parameter.high:g}'


def rules() -> str:
    """Return the keys of a rules file."""
    from digiphys_ros.control.config import ControlConfig
    return keys(ControlConfig)


def recipe() -> str:
    """Return the keys of a recipe file."""
    from digiphys_ros.learning.recipe import Recipe
    return keys(Recipe)


def bundle() -> str:
    """Return the keys of a bundle manifest."""
    from digiphys_ros.bundles.bundle import BundleManifest
    return keys(BundleManifest)


def keys(model: Any) -> str:
    """
    Return one section for a pydantic model and for each nested model.

    Descriptions come from the fields, or from the docstring (``:ivar name:``, or a section
    ``Attributes:``).
    """
    schema = model.model_json_schema()
    sections = {model.__name__: schema, **schema.get('$defs', {})}
    return '\n\n'.join(_section(name, one) for name, one in sections.items()
                       if one.get('type') == 'object')


def _section(name: str, schema: dict[str, Any]) -> str:
    text, attributes = _docstring(schema.get('description', ''))
    required = schema.get('required', [])
    rows = [f'| `{key}` | {_type(field)} | '
            f'{"required" if key in required else _default(field)} | '
            f'{_cell(_description(field) or attributes.get(key, ""))} |'
            for key, field in schema.get('properties', {}).items()]
    table = ['| key | type | default | meaning |', '|---|---|---|---|', *rows] if rows else []
    return '\n'.join([f'### {name}', '', _cell(text), '', *table]).strip()


def _description(field: dict[str, Any]) -> str:
    # the description of a reference is the docstring of its model
    return '' if '$ref' in field else str(field.get('description', ''))


def _docstring(text: str) -> tuple[str, dict[str, str]]:
    """Return the prose of a docstring, one line per paragraph, and the text of each attribute."""
    found: dict[str, str] = {}
    prose, _, attributes = text.partition('\nAttributes:\n')
    for name, words in re.findall(r'(?ms)^ {4}(\w+)(?: \([^)]*\))?: (.*?)(?=^ {4}\w|^\S|\Z)',
                                  attributes):
        found[name] = ' '.join(words.split())
    for name, words in re.findall(r'(?ms)^:ivar (\w+): (.*?)(?=^:|^\s*$|\Z)', prose):
        found[name] = ' '.join(words.split())
    prose = re.sub(r'(?ms)^:\w+.*', '', prose)
    paragraphs = [' '.join(part.split()) for part in prose.split('\n\n')]
    return '\n\n'.join(filter(None, paragraphs)), found


BOUNDS = {'exclusiveMinimum': '>', 'minimum': '>=', 'exclusiveMaximum': '<', 'maximum': '<='}


def _type(schema: dict[str, Any]) -> str:
    if '$ref' in schema:
        name = schema['$ref'].rpartition('/')[2]
        return f'[{name}](#{name.lower()})'
    if 'enum' in schema or 'const' in schema:
        return ', '.join(f'`{value}`' for value in schema.get('enum', [schema.get('const')]))
    for union in ('anyOf', 'allOf', 'oneOf'):
        if union in schema:
            return ' or '.join(dict.fromkeys(map(_type, schema[union])))
    json_type = str(schema.get('type', 'any value'))
    if json_type == 'array':
        items = schema.get('items') or next(iter(schema.get('prefixItems', [])), {})
        number = f'{schema["maxItems"]} ' if 'prefixItems' in schema else ''
        return f'list of {number}' + re.sub('^(string|number|integer)', r'\1s', _type(items))
    if json_type == 'object':
        inner = schema.get('additionalProperties') or next(
            iter(schema.get('patternProperties', {}).values()), None)
        return f'mapping of name to {_type(inner)}' if isinstance(inner, dict) else 'mapping'
    bounds = [f'{sign} {schema[name]:g}' for name, sign in BOUNDS.items() if name in schema]
    return _cell(' '.join([json_type, *[', '.join(bounds)] * bool(bounds)]))


def _default(field: dict[str, Any]) -> str:
    value = field.get('default')
    if isinstance(value, dict) and value:
        return 'its own defaults'
    return f'`{json.dumps(value)}`'


def command_line() -> str:
    """Return a section for each subcommand of ``digiphys``."""
    from digiphys_ros.cli.main import build_parser
    return '\n\n'.join(_command(parser) for parser in _commands(build_parser()))


def _commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                yield one
                yield from _commands(one)


def _command(parser: argparse.ArgumentParser) -> str:
    actions = [action for action in parser._actions if action.help is not argparse.SUPPRESS
               and not isinstance(action, argparse._HelpAction)]
    shown = [action for action in actions if not isinstance(action, argparse._SubParsersAction)]
    rows = [f'| {_option_names(action)} | {_cell(_help(action, parser))} |' for action in shown]
    positional = [_metavar(action) for action in actions if not action.option_strings]
    usage = ' '.join([parser.prog, *positional,
                      *['[options]'] * any(action.option_strings for action in actions)])
    table = ['', '| argument | meaning |', '|---|---|', *rows] if rows else []
    level = '#' * len(parser.prog.split())
    return '\n'.join([f'{level} {parser.prog}', '', _cell(parser.description or ''), '', '```',
                      usage, '```', *table])


def _option_names(action: argparse.Action) -> str:
    metavar = '' if action.nargs == 0 else f' {_metavar(action)}'
    names = action.option_strings or ['']
    return ', '.join(f'`{f"{name}{metavar}".strip()}`' for name in names).replace('|', r'\|')


def _metavar(action: argparse.Action) -> str:
    name = action.metavar or (
        '{' + ','.join(map(str, action.choices)) + '}' if action.choices else
        action.dest.upper())
    text = name if isinstance(name, str) else ' '.join(name)
    ends = {'?': f'[{text}]', '+': f'{text} [{text} ...]', '*': f'[{text} ...]'}
    return ends.get(str(action.nargs), text)


def _help(action: argparse.Action, parser: argparse.ArgumentParser) -> str:
    return (action.help or '') % {**vars(action), 'prog': parser.prog}


def _cell(text: str) -> str:
    """Escape text for a cell of a Markdown table."""
    text = text.replace('``', '`')
    pieces = re.split(r'(`[^`]*`)', text)
    pieces[::2] = [re.sub(r'([*|])', r'\\\1', piece).replace('<', '&lt;')
                   for piece in pieces[::2]]
    return ''.join(pieces)


PARTS: dict[str, Callable[[], str]] = {
    'parameters': parameters, 'rules': rules, 'recipe': recipe, 'bundle': bundle,
    'cli': command_line}


def main() -> int:
    """Write each page that is out of date; return the exit code."""
    for path in sorted(REFERENCE.glob('*.md')):
        before = path.read_text(encoding='utf-8')
        after = regenerate(before)
        if after != before:
            path.write_text(after, encoding='utf-8')
            sys.stdout.write(f'wrote {path.relative_to(ROOT)}\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())

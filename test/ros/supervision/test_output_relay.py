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

import fcntl
import itertools
import os
import struct
import subprocess
import sys
import termios
import threading

import pytest

WRITE = """
import os, sys, time
def write(text):
    # on a busy machine the relay's thread may come to read after its pipe of 1 MiB is full
    while True:
        try:
            return os.write(1, text)
        except BlockingIOError:
            time.sleep(0.001)
"""
WRITER = WRITE + """
from digiphys_ros.ros.supervision.output_relay import relay_output
end = relay_output()
for number in range({lines}):
    write(b'line %06d of many that somebody ought to read\\n' % number)
sys.stderr.write('the end\\n')
end()
os.write({done}, b'done')
"""


def run(lines, **streams):
    """Run the writer; return its output to a pipe after its last line."""
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, '-c', WRITER.format(lines=lines, done=writer)], pass_fds=[writer],
        **streams)
    os.close(writer)
    return process, reader


def test_relay_forwards_everything_in_order():
    process, reader = run(2000, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output, _ = process.communicate(timeout=300)
    assert os.read(reader, 10) == b'done'
    lines = output.splitlines()
    assert not differences(lines, b'line', b' of many that somebody ought to read', 2000)
    assert b'the end' in lines


def differences(lines, start, end, count):
    """Return the first changed lines."""
    found = [line for line in lines if line.startswith(start)]
    written = [b'%s %06d%s' % (start, number, end) for number in range(count)]
    return [pair for pair in itertools.zip_longest(found, written) if pair[0] != pair[1]][:3]


def test_relay_two_streams_in_one_pipe_keep_whole_lines():
    script = ('import os\nfrom digiphys_ros.ros.supervision.output_relay import relay_output\n'
              'end = relay_output()\n'
              'for number in range(3000):\n'
              '    os.write(1, b"one %06d, a line of output\\n" % number)\n'
              '    os.write(2, b"two %06d, a line of errors\\n" % number)\nend()\n')
    process = subprocess.Popen([sys.executable, '-c', script], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    # nobody reads until the pipe is full, then in small steps
    while waiting(process.stdout) < 50_000:
        threading.Event().wait(0.01)
    lines = b''.join(iter(lambda: os.read(process.stdout.fileno(), 1000), b'')).splitlines()
    assert process.wait(60) == 0
    assert not differences(lines, b'one', b', a line of output', 3000)
    assert not differences(lines, b'two', b', a line of errors', 3000)
    process.stdout.close()


def waiting(pipe):
    return struct.unpack('i', fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]


def test_relay_late_reader_gets_many_short_lines():
    unread, late = os.pipe()
    process, reader = run(30_000, stdout=late, stderr=subprocess.DEVNULL)
    os.close(late)
    # more waits in the relay than in this full pipe
    while waiting(unread) < 30_000:
        threading.Event().wait(0.01)
    output = b''.join(iter(lambda: os.read(unread, 65536), b''))
    assert process.wait(60) == 0
    assert output.count(b'of many') == 30_000
    for descriptor in (unread, reader):
        os.close(descriptor)


@pytest.mark.parametrize('lines', [2000, 300_000])
def test_relay_without_reader_does_not_block_the_writer(lines):
    unread, full = os.pipe()
    process, reader = run(lines, stdout=full, stderr=full)
    assert process.wait(60) == 0
    assert os.read(reader, 10) == b'done'
    for descriptor in (unread, full, reader):
        os.close(descriptor)


def test_relay_counts_dropped_output():
    unread, full = os.pipe()
    process, reader = run(300_000, stdout=full, stderr=full)
    assert os.read(reader, 10) == b'done'
    os.close(full)
    process.wait(60)
    collected = b''.join(iter(lambda: os.read(unread, 65536), b''))
    # the rest went with the process
    assert collected.startswith(b'line 000000')
    os.close(unread)


def test_relay_reports_dropped_output_to_a_returning_reader():
    script = WRITE + """
from digiphys_ros.ros.supervision.output_relay import OutputRelay
relay = OutputRelay(1)
for _ in range(200):
    write(b'x' * 65535 + b'\\\\n')
    time.sleep(0.001)
sys.stderr.write('go\\\\n'); sys.stderr.flush()
sys.stdin.readline()
os.write(1, b'again\\\\n')
relay.close()
""".replace('\\\\n', '\\n')
    process = subprocess.Popen([sys.executable, '-c', script], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stderr.readline()
    collected = []
    reading = threading.Thread(target=lambda: collected.append(process.stdout.read()))
    reading.start()
    process.stdin.write(b'\n')
    process.stdin.close()
    process.wait(60)
    reading.join(60)
    assert b'bytes of output were dropped' in collected[0]


@pytest.mark.parametrize('descriptor', [1, 2])
def test_relay_survives_a_closed_descriptor(descriptor):
    done = subprocess.run(
        [sys.executable, '-c', f"""
import os
os.close({descriptor})
from digiphys_ros.ros.supervision.output_relay import relay_output
relay_output()()
"""], stdin=subprocess.DEVNULL)
    assert done.returncode == 0


def test_relay_copies_both_streams_to_a_log_that_may_block(tmp_path):
    script = WRITE + """
from digiphys_ros.ros.supervision.output_relay import relay_output
end = relay_output(int(sys.argv[1]))
os.write(1, b'one\\n')
sys.stderr.write('two\\n')
for _ in range(int(sys.argv[2])):
    write(b'x' * 65535 + b'\\n')
    time.sleep(0.002)
end()
"""
    log = tmp_path / 'log'
    with open(log, 'wb') as file:
        subprocess.run([sys.executable, '-c', script, str(file.fileno()), '0'],
                       pass_fds=[file.fileno()], check=True, capture_output=True)
    assert sorted(log.read_text().splitlines()) == ['one', 'two']
    unread, full = os.pipe()
    done = subprocess.run([sys.executable, '-c', script, str(full), '200'], pass_fds=[full],
                          check=True, capture_output=True, timeout=300)
    assert done.stdout.startswith(b'one')
    os.close(unread)
    os.close(full)

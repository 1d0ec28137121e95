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

"""A network camera on this machine, for tests: it can be switched off and on, and stall."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import threading
import time

import cv2
import numpy as np

RATE_HZ = 30.0
STEP = 4
"""Levels of brightness that survive JPEG; the halves of an image show its number to this base."""

BASE = 64


class MjpegServer:
    """
    An HTTP server of motion JPEG on the loopback interface.

    :ivar stalls: how often a client had to wait for a stalled camera.
    """

    def __init__(self):
        self._port, self._server, self._thread = 0, None, None
        self._flows, self._on = threading.Event(), threading.Event()
        self._flows.set()
        self._began_s = time.monotonic()
        self.stalls = 0

    @property
    def url(self):
        """Return the address; it stays the same when the camera is switched off and on."""
        if not self._port:
            self.start()
            self.stop()
        return f'http://127.0.0.1:{self._port}/camera.mjpg'

    def start(self):
        """Switch the camera on."""
        camera = self

        class Handler(BaseHTTPRequestHandler):

            def do_GET(self):  # noqa: N802
                self.send_response(200)
                self.send_header('Content-Type', 'multipart/x-mixed-replace; boundary=image')
                self.end_headers()
                camera._stream(self.wfile)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):

            daemon_threads, block_on_close = True, False

        self._server = Server(('127.0.0.1', self._port), Handler)
        self._port = self._server.server_address[1]
        self._on.set()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self):
        """Switch it off: connections break, new ones are refused."""
        if self._server is not None:
            self._on.clear()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None

    def stall(self):
        """Hold back all images."""
        self._flows.clear()

    def resume(self):
        """Send images again, held-back ones first."""
        self._flows.set()

    def resume_in(self, seconds):
        """Resume later."""
        threading.Timer(seconds, self.resume).start()

    def age_s(self, pixels):
        """Return how long ago an image was taken."""
        width = pixels.shape[1]
        high, low = pixels[:, :width // 2 - 8].mean(), pixels[:, width // 2 + 8:].mean()
        number = round(high / STEP) * BASE + round(low / STEP)
        return time.monotonic() - self._began_s - number / RATE_HZ

    def _stream(self, out):
        number = int((time.monotonic() - self._began_s) * RATE_HZ)
        while self._on.is_set():
            number += 1
            time.sleep(max(0.0, self._began_s + number / RATE_HZ - time.monotonic()))
            if not self._flows.is_set():
                self.stalls += 1
                while self._on.is_set() and not self._flows.wait(0.02):
                    pass
            try:
                self._send(out, number)
            except OSError:
                return

    def _send(self, out, number):
        image = np.empty((120, 160, 3), np.uint8)
        image[:, :80], image[:, 80:] = number // BASE % BASE * STEP, number % BASE * STEP
        data = cv2.imencode('.jpg', image)[1].tobytes()
        out.write(b'--image\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n'
                  % (len(data), data))

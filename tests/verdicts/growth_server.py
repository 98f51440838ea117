# SPDX-License-Identifier: MIT
"""growth_server.py MODE - an HTTP server in Python whose handler keeps things: prints its port first.

MODE: lru (a bounded cache), leak (a list of the process), cycles (what only the collector frees), static (nothing).
"""
import functools, http.server, sys

kept = []


@functools.lru_cache(maxsize=8000)
def page(key):
    return ("page %s " % key) * 20


def keep(key):
    kept.append(("page %s " % key) * 20)


def cycle(key):
    node = {"key": key, "text": "x" * 200}
    node["self"] = node


MODES = {"lru": page, "leak": keep, "cycles": cycle, "static": len}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        MODES[sys.argv[1]](self.path)
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()

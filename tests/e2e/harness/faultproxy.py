"""An HTTPS proxy between the service and another CA that answers as told: as the CA does, not at all, or with something hostile.

Pebble takes the authority of its URLs from the Host header, which is passed on: so its URLs lead here, and the URLs that the service
signs are those that Pebble checks."""
import http.client
import http.server
import json
import ssl
import threading
import time

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Fault:
    """What happens to requests: `when` (method, path, body JSON or None) says whether to; `times` how often, None for ever."""

    def __init__(self, when, act, times=None):
        self.when, self.act, self.left, self.hits = when, act, times, 0


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _handle(self):
        proxy, body = self.server.proxy, self.rfile.read(int(self.headers.get("Content-Length") or 0))
        proxy.note(self.command, self.path, body)
        fault = proxy.choose(self.command, self.path, body)
        try:
            if fault is None:
                self.reply(*proxy.forward(self.command, self.path, body, self.headers))
            else:
                fault.act(self, body)
        except (OSError, http.client.HTTPException):
            self.close_connection = True

    do_GET = do_POST = do_HEAD = _handle

    def reply(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def forward(self, body):
        return self.server.proxy.forward(self.command, self.path, body, self.headers)

    def log_message(self, *_):
        pass


class FaultProxy:
    def __init__(self, upstream_port, ca_file, test_pki):
        cert, key = test_pki.server_files("127.0.0.1", "localhost")
        self.upstream_port, self.ca_file = upstream_port, ca_file
        self.lock, self.faults, self.requests = threading.Lock(), [], []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.daemon_threads, self.server.proxy = True, self
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    # ---- faults

    def add(self, act, path="", method=None, times=1, when=None):
        """The next `times` requests whose path has `path` in it are answered by `act`. Returns the fault, which counts."""
        def fits(m, p, b):
            return (path in p and (method is None or m == method)) and (when is None or when(m, p, b))
        fault = Fault(fits, act, times)
        with self.lock:
            self.faults.append(fault)
        return fault

    def clear(self):
        with self.lock:
            self.faults.clear()

    def choose(self, method, path, body):
        with self.lock:
            for fault in self.faults:
                if fault.left != 0 and fault.when(method, path, body):
                    fault.hits += 1
                    if fault.left is not None:
                        fault.left -= 1
                    return fault
        return None

    def note(self, method, path, body):
        with self.lock:
            self.requests.append((method, path, body))

    def seen(self, path):
        with self.lock:
            return [r for r in self.requests if path in r[1]]

    # ---- to the CA

    def forward(self, method, path, body, headers):
        context = ssl.create_default_context(cafile=str(self.ca_file))
        conn = http.client.HTTPSConnection("127.0.0.1", self.upstream_port, timeout=20, context=context)
        passed = {k: v for k, v in headers.items() if k.lower() not in HOP}
        conn.request(method, path, body or None, passed)
        answer = conn.getresponse()
        data = answer.read()
        conn.close()
        return answer.status, answer.getheaders(), data


# ---- what can go wrong

def status(code, body=b"<html>sorry</html>", content_type="text/html", **headers):
    def act(handler, _):
        handler.reply(code, [("Content-Type", content_type), *((k.replace("_", "-"), v) for k, v in headers.items())], body)
    return act


def problem(code, kind, detail, **headers):
    return status(code, json.dumps({"type": "urn:ietf:params:acme:error:" + kind, "detail": detail, "status": code}).encode(),
                  "application/problem+json", **headers)


def cut(handler, _):
    """Takes the request, and nothing comes back: was it done?"""
    handler.close_connection = True
    handler.connection.close()


def done_but_cut(handler, body):
    """The CA does it, and its answer is lost."""
    handler.forward(body)
    handler.close_connection = True
    handler.connection.close()


def endless(handler, _):
    """A body without end: 10 GB as far as its header says."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(10 << 30))
    handler.end_headers()
    for _ in range(4096):
        handler.wfile.write(b"x" * 65536)


def slow(seconds):
    def act(handler, body):
        time.sleep(seconds)
        handler.reply(*handler.forward(body))
    return act


def changed(change):
    """The CA's own answer, changed: change(status, headers dict, body) -> the same three."""
    def act(handler, body):
        code, headers, data = handler.forward(body)
        code, headers, data = change(code, dict(headers), data)
        handler.reply(code, list(headers.items()), data)
    return act


def changed_json(change):
    def on(code, headers, data):
        value = json.loads(data)
        return code, headers, json.dumps(change(value) or value).encode()
    return changed(on)

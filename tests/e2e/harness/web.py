"""The customer's web server: publishes validation files by host and path, counts requests, redirects, misbehaves."""
import http.server
import threading
import time


class Answer:
    def __init__(self, body=b"", status=200, headers=None, endless=False, slow=0.0):
        self.body, self.status, self.headers = body, status, headers or {}
        self.endless, self.slow = endless, slow


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        web = self.server.web
        host = (self.headers.get("Host") or "").split(":")[0].lower()
        with web.lock:
            web.requests.append((host, self.path, dict(self.headers)))
            answer = web.answers.get((host, self.path)) or web.answers.get((None, self.path))
        try:
            self._answer(answer or Answer(b"not here\n", 404))
        except OSError:
            pass

    def _answer(self, answer):
        time.sleep(answer.slow)
        self.send_response(answer.status)
        for k, v in answer.headers.items():
            self.send_header(k, v)
        if answer.endless:
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            for _ in range(64 * 1024):
                self.wfile.write(b"x" * 1024)
            return
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_):
        pass


class Web:
    """One HTTP server on 127.0.0.1; `requests` holds (host, path, headers) of all that came."""

    def __init__(self, address=("127.0.0.1", 0)):
        self.lock = threading.Lock()
        self.answers, self.requests = {}, []
        self.server = http.server.ThreadingHTTPServer(address, _Handler)
        self.server.daemon_threads = True
        self.server.web = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def publish(self, host, path, content):
        body = content.encode() if isinstance(content, str) else content
        self.set(host, path, Answer(body, headers={"Content-Type": "text/plain"}))

    def redirect(self, host, path, to, status=302):
        self.set(host, path, Answer(status=status, headers={"Location": to}))

    def set(self, host, path, answer):
        with self.lock:
            self.answers[(host, path)] = answer

    def forget(self, host):
        with self.lock:
            for key in [k for k in self.answers if k[0] == host]:
                del self.answers[key]

    def seen(self, host):
        """Paths that were asked for at this host, in order."""
        with self.lock:
            return [p for h, p, _ in self.requests if h == host]

    def close(self):
        self.server.shutdown()
        self.server.server_close()

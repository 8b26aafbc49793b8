"""Starts the real server for a Python test. Python 3.6 and newer."""
import os
import re
import signal
import subprocess
import tempfile
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("MILLRACE_BIN") or os.path.join(ROOT, "bin", "millrace")

ACCESS_KEY = "AKIDMILLRACETEST0001"
SECRET_KEY = "a-secret-for-tests/of+the=server"
ACCOUNT = "000000000000"
REGION = "us-east-1"

START_TIMEOUT = 30
READY = re.compile(r"ready at (http://([0-9.]+):(\d+))")


class Server(object):
    """A running server in memory. Use it in a with statement.

    limits is a profile, delay the time of a stream's transitions, verify
    turns signature checks on.
    """

    def __init__(self, limits="none", delay="0", verify=False):
        command = [BINARY, "serve", "--data", ":memory:", "--listen", "127.0.0.1:0",
                   "--admin", "off", "--limits", limits, "--state-delay", delay]
        self.dir = tempfile.TemporaryDirectory()
        if verify:
            command += ["--auth", "verify", "--credentials", self._credentials()]
        self._start(command)

    def _start(self, command):
        self.lines = []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.endpoint = None
        self.ready = threading.Event()
        self.jumped = threading.Event()
        self.reader = threading.Thread(target=self._read)
        self.reader.daemon = True
        self.reader.start()
        if not self.ready.wait(START_TIMEOUT) or self.endpoint is None:
            self.close()
            raise RuntimeError("server not ready:\n" + "\n".join(self.lines))

    def _credentials(self):
        path = os.path.join(self.dir.name, "credentials.yaml")
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write("- access_key: %s\n  secret: %s\n" % (ACCESS_KEY, SECRET_KEY))
        return path

    def _read(self):
        for raw in self.process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            self.lines.append(line)
            found = READY.search(line)
            if found and self.endpoint is None:
                self.endpoint, self.host = found.group(1), found.group(2)
                self.port = int(found.group(3))
                self.ready.set()
            if line == "jumped":
                self.jumped.set()
        self.ready.set()

    def close(self):
        """End the server as an operator would: SIGTERM, and it exits with 0."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.code = self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.dir.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
        if exception[0] is None and self.code != 0:
            raise RuntimeError("server exited with %d:\n%s" % (self.code, "\n".join(self.lines)))


class ClockServer(Server):
    """A server whose clock can be pushed forward."""

    def __init__(self):
        self.dir = tempfile.TemporaryDirectory()
        self._start([os.path.join(ROOT, "bin", "clockserver")])

    def jump(self):
        """Push the clock forward by six minutes."""
        self.jumped.clear()
        self.process.send_signal(signal.SIGUSR1)
        assert self.jumped.wait(START_TIMEOUT)

"""A stand-in for DynamoDB on a loopback port, for the leases of consumers.

Requests are served one at a time: a conditional write of one worker must not
run into that of another, as the leases hang on it.
"""
import logging
import sys

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = make_server("127.0.0.1", int(sys.argv[1]),
                     DomainDispatcherApplication(create_backend_app))
print(f"ready on port {server.port}", flush=True)
server.serve_forever()

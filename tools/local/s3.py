"""An S3 of this machine, in memory: moto's, with requests one after the other.

    s3.py PORT

moto looks whether an object is there and puts it in two steps: of two threads with `If-None-Match: *` both could win, which no
S3 lets happen.
"""

import io
import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple

one_at_a_time = threading.Lock()
s3 = DomainDispatcherApplication(create_backend_app)


def application(environ, start_response):
    # Whole before its turn: a client that stops in the middle of a body must not hold the others up.
    length = environ.get("CONTENT_LENGTH")
    if length or environ.get("wsgi.input_terminated"):
        body = environ["wsgi.input"].read(int(length)) if length else environ["wsgi.input"].read()
        environ.update({"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
    with one_at_a_time:
        return list(s3(environ, start_response))


run_simple("127.0.0.1", int(sys.argv[1]), application, threaded=True, request_handler=MotoRequestHandler)

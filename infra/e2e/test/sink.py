"""An independent stand-in for Re:amaze: Python's standard library only, nothing shared with Callpost.

It verifies signatures with its own HMAC, answers each event as the event's id asks, and reports what it saw. The id is
`<behaviour>[-<argument>]_<name>`; a behaviour with "once" shows on the first request of an id, the next is accepted.

  ok                accept                          status-422       always this status
  fail-2            500 this many times first       redirect-307     always this redirect, to /elsewhere
  after-2           503, Retry-After: 2, once       afterdate-2      the same as an HTTP date, once
  resetbefore       RST unread-for, once            resetafter       accepted, then RST instead of an answer, once
  hang              no answer, once                 hangbody         201, then the body hangs
  huge              201 and 50 MB of body           truncated        201, content-length too long, closed
  garbage           not HTTP, once                  slow-1500        accept after this many milliseconds
  heal-422          this status until POST /heal    patch            422 until the assignee is fixed@example.com

POST /answer with {"status": 503, "headers": {…}} gives every valid request that answer, with {"hang": true} none, until
POST /answer with {}.

usage: sink.py SECRET    prints {"port": N} and serves 127.0.0.1 until it is killed
"""

import base64
import hashlib
import hmac
import json
import socket
import struct
import sys
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

secret = sys.argv[1].encode()
lock = threading.Lock()
requests = []
seen = {}
accepted = {}
in_flight = {}
overlapping = []
calls_in_flight = {}
crowded_calls = []
connections = [0]
healed = [False]
answer_to_all = [None]
under_way = [0]
most_under_way = [0]


def signature_is_valid(body, header):
    digest = hmac.new(secret, body, hashlib.sha256).digest()
    return hmac.compare_digest(base64.b64encode(digest).decode(), header or "")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        with lock:
            connections[0] += 1

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path != "/report":
            return self.answer(404)
        with lock:
            report = {
                "requests": list(requests),
                "accepted": {id: dict(one) for id, one in accepted.items()},
                "overlapping": list(overlapping),
                "crowdedCalls": list(crowded_calls),
                "connections": connections[0],
                "mostUnderWay": most_under_way[0],
                "nowMs": time.monotonic() * 1000,
            }
        return self.answer(200, json.dumps(report).encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        if self.path == "/heal":
            healed[0] = True
            return self.answer(200)
        if self.path == "/answer":
            answer_to_all[0] = json.loads(body) or None
            return self.answer(200)
        valid = signature_is_valid(body, self.headers["x-reamaze-hmac-sha256"])
        event = json.loads(body)
        id, call = event["id"], event.get("thread_id")
        behaviour, _, argument = id.split("_")[0].partition("-")
        with lock:
            nth = seen[id] = seen.get(id, 0) + 1
            requests.append({"id": id, "path": self.path, "atMs": time.monotonic() * 1000, "valid": valid})
            under_way[0] += 1
            most_under_way[0] = max(most_under_way[0], under_way[0])
            in_flight[id] = in_flight.get(id, 0) + 1
            if in_flight[id] > 1:
                overlapping.append(id)
            calls_in_flight[call] = calls_in_flight.get(call, 0) + 1
            if calls_in_flight[call] > 1 and call is not None:
                crowded_calls.append(call)
        try:
            if not valid:
                self.answer(401, b'{"error":"signature"}')
            elif answer_to_all[0] and answer_to_all[0].get("hang"):
                self.wait_until_given_up()
            elif answer_to_all[0]:
                self.answer(answer_to_all[0]["status"], b'{"error":"as told"}', answer_to_all[0].get("headers"))
            else:
                self.behave(behaviour, argument, nth, id, body)
        finally:
            with lock:
                under_way[0] -= 1
                in_flight[id] -= 1
                calls_in_flight[call] -= 1

    def behave(self, behaviour, argument, nth, id, body):
        once = nth == 1
        if behaviour == "status":
            return self.answer(int(argument), b'{"error":"as asked"}')
        if behaviour == "heal" and not healed[0]:
            return self.answer(int(argument), json.dumps({"error": f"channel is closed for {id}"}).encode())
        if behaviour == "patch" and json.loads(body).get("assignee", {}).get("email") != "fixed@example.com":
            return self.answer(422, json.dumps({"error": f"assignee of {id} is unknown"}).encode())
        if behaviour == "redirect":
            return self.answer(int(argument), b"", {"Location": "/elsewhere"})
        if behaviour == "fail" and nth <= int(argument):
            return self.answer(500)
        if behaviour == "after" and once:
            return self.answer(503, b"", {"Retry-After": argument})
        if behaviour == "afterdate" and once:
            # Whole seconds only, and never early: a date one second further than asked for.
            at = formatdate(int(time.time()) + int(argument) + 1, usegmt=True)
            return self.answer(503, b"", {"Retry-After": at})
        if behaviour == "resetbefore" and once:
            return self.reset()
        if behaviour == "hang" and once:
            return self.wait_until_given_up()
        if behaviour == "garbage" and once:
            self.wfile.write(b"SMTP ready\r\n\r\n")
            self.close_connection = True
            return None
        if behaviour == "slow":
            time.sleep(int(argument) / 1000)
        self.accept(id, body)
        if behaviour == "resetafter" and once:
            return self.reset()
        if behaviour == "hangbody":
            self.head(201, 10)
            self.wfile.write(b"abc")
            return self.wait_until_given_up()
        if behaviour == "huge":
            return self.flood(50_000_000)
        if behaviour == "truncated":
            self.head(201, 1000)
            self.wfile.write(b"abc")
            self.close_connection = True
            return None
        return self.answer(201)

    def accept(self, id, body):
        with lock:
            one = accepted.setdefault(id, {"times": 0, "body": base64.b64encode(body).decode()})
            one["times"] += 1

    def head(self, status, length, headers=None):
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()

    def answer(self, status, body=b"{}", headers=None):
        self.head(status, len(body), headers)
        self.wfile.write(body)

    def flood(self, length):
        self.head(201, length)
        try:
            for _ in range(length // 100_000):
                self.wfile.write(b"x" * 100_000)
        except OSError:
            self.close_connection = True

    def wait_until_given_up(self):
        self.connection.recv(1)
        self.close_connection = True

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
        # What the base class still writes has nowhere to go.
        self.wfile = open("/dev/null", "wb")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Handler)
print(json.dumps({"port": server.server_address[1]}), flush=True)
server.serve_forever()

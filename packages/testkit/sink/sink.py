"""An independent stand-in for Re:amaze: Python's standard library only, nothing shared with Callpost.

It verifies signatures with its own HMAC, answers each event as the event's id asks, and reports what it saw. The id is
`<behaviour>[-<argument>]_<name>`; a behaviour with "once" shows on the first request of an id, the next is accepted.

  ok                accept                          status-422       always this status
  fail-2            500 this many times first       redirect-307     always this redirect, to /elsewhere
  after-2           503, Retry-After: 2, once       afterdate-2      the same as an HTTP date, once
  resetbefore       RST unread-for, once            resetafter       accepted, then RST instead of an answer, once
  hang              no answer, once                 hangbody         201, then the body hangs
  huge-50           201 and 50 MB of body           truncated        201, content-length too long, closed
  garbage           not HTTP, once                  slow-1500        accept after this many milliseconds
  heal-422          this status until POST /heal    patch            422 until the assignee is fixed@example.com
  echo-422          this status with the event in its body
  drip-100          201, body at 100 KB/s           bomb             201 and a gzip bomb, as its content encoding says
  reject            RST on every new request, unread

POST /answer with {"status": 503, "headers": {…}} gives every valid request that answer, with {"hang": true} none, until
POST /answer with {}.

POST /mode {"behaviour": "resetafter", "argument": "", "share": 0.5, "certificate": "expired"} asks for a behaviour for
this share of all requests, whatever their ids say, and with --tls shows another certificate; {} ends it.

With --ledger every acceptance is one line of that file, written before the answer: the id, the call, whether it was
answered, and how many requests of this id and of this call were under way. Then nothing is kept in memory but what is under way.

usage: sink.py SECRET [--ledger FILE] [--tls FOLDER] [--latency MS]
prints {"port": N, "controlPort": M} and serves 127.0.0.1 until it is killed; events go to N, everything else to M
"""

import argparse
import base64
import gzip
import hashlib
import hmac
import json
import os
import random
import select
import socket
import ssl
import struct
import sys
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

parser = argparse.ArgumentParser()
parser.add_argument("secret")
parser.add_argument("--ledger")
parser.add_argument("--tls")
parser.add_argument("--latency", type=float, default=0, help="ms before each answer")
options = parser.parse_args()
secret = options.secret.encode()
ledger = options.ledger and os.open(options.ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
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
all_under_way = {}
most_under_way = [0]
mode = {}
chance = random.Random(1)


def signature_is_valid(body, header):
    digest = hmac.new(secret, body, hashlib.sha256).digest()
    return hmac.compare_digest(base64.b64encode(digest).decode(), header or "")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.under_way = []
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
        if mode.get("behaviour") == "reject" and self.path not in ("/mode", "/answer", "/heal"):
            return self.reset()
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        if self.path == "/heal":
            healed[0] = True
            return self.answer(200)
        if self.path == "/answer":
            answer_to_all[0] = json.loads(body) or None
            return self.answer(200)
        if self.path == "/mode":
            mode.clear()
            mode.update(json.loads(body))
            show_certificate(mode.get("certificate", "valid"))
            return self.answer(200)
        valid = signature_is_valid(body, self.headers["x-reamaze-hmac-sha256"])
        event = json.loads(body)
        id, call = event["id"], event.get("thread_id")
        behaviour, _, argument = id.split("_")[0].partition("-")
        self.under_way = [(in_flight, id), (calls_in_flight, call), (all_under_way, 0)]
        with lock:
            all_under_way[0] = all_under_way.get(0, 0) + 1
            most_under_way[0] = max(most_under_way[0], all_under_way[0])
            in_flight[id] = in_flight.get(id, 0) + 1
            if in_flight[id] > 1:
                overlapping.append(id)
            calls_in_flight[call] = calls_in_flight.get(call, 0) + 1
            if calls_in_flight[call] > 1 and call is not None:
                crowded_calls.append(call)
            if ledger is None:
                nth = seen[id] = seen.get(id, 0) + 1
                requests.append({"id": id, "path": self.path, "atMs": time.monotonic() * 1000, "valid": valid})
            else:
                nth = 2
            if behaviour != "status" and "behaviour" in mode and chance.random() < mode.get("share", 1):
                behaviour, argument, nth = mode["behaviour"], mode.get("argument", ""), 1
        time.sleep(options.latency / 1000)
        try:
            if not valid:
                self.answer(401, b'{"error":"signature"}')
            elif answer_to_all[0] and answer_to_all[0].get("hang"):
                self.wait_until_given_up()
            elif answer_to_all[0]:
                self.answer(answer_to_all[0]["status"], b'{"error":"as told"}', answer_to_all[0].get("headers"))
            else:
                self.behave(behaviour, argument, nth, event, body)
        finally:
            self.settled()

    def settled(self):
        """The other side knows the outcome, or is just told; perhaps a body still follows that it need not read."""
        with lock:
            for counts, key in self.under_way:
                counts[key] -= 1
                if counts[key] == 0:
                    del counts[key]
            self.under_way = []

    def behave(self, behaviour, argument, nth, event, body):
        id = event["id"]
        once = nth == 1
        if behaviour == "status":
            return self.answer(int(argument), b'{"error":"as asked"}')
        if behaviour == "echo":
            return self.answer(int(argument), b'{"error":"cannot take ' + body.replace(b'"', b'\\"') + b'"}')
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
        is_answered = not (behaviour == "resetafter" and once) and not self.is_abandoned()
        self.accept(event, body, is_answered)
        if behaviour == "resetafter" and once:
            return self.reset()
        if behaviour == "drip":
            return self.drip(int(argument) * 1000)
        if behaviour == "bomb":
            return self.bomb()
        if behaviour == "hangbody":
            self.head(201, 10)
            self.wfile.write(b"abc")
            return self.wait_until_given_up()
        if behaviour == "huge":
            return self.flood(int(argument or 50) * 1_000_000)
        if behaviour == "truncated":
            self.head(201, 1000)
            self.wfile.write(b"abc")
            self.close_connection = True
            return None
        return self.answer(201)

    def is_abandoned(self):
        """Whether the other side has given up waiting for the answer."""
        return self.connection in select.select([self.connection], [], [], 0)[0]

    def accept(self, event, body, is_answered):
        id = event["id"]
        with lock:
            if ledger is not None:
                line = {
                    "event": id,
                    "call": event.get("thread_id"),
                    "atMs": round(time.time() * 1000),
                    "isAnswered": is_answered,
                    "underWay": in_flight[id],
                    "ofCallUnderWay": calls_in_flight[event.get("thread_id")],
                }
                os.write(ledger, (json.dumps(line) + "\n").encode())
                return
            one = accepted.setdefault(id, {"times": 0, "body": base64.b64encode(body).decode()})
            one["times"] += 1

    def head(self, status, length, headers=None):
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()

    def answer(self, status, body=b"{}", headers=None):
        # Not after it: this thread may have to wait for its turn, and the next of the call is here meanwhile.
        self.settled()
        self.head(status, len(body), headers)
        self.wfile.write(body)

    def flood(self, length):
        self.head(201, length)
        self.settled()
        try:
            for _ in range(length // 100_000):
                self.wfile.write(b"x" * 100_000)
        except OSError:
            self.close_connection = True

    def drip(self, bytes_per_second):
        """A body of two seconds at this rate."""
        self.head(201, 2 * bytes_per_second)
        self.settled()
        try:
            for _ in range(20):
                self.wfile.write(b"x" * (bytes_per_second // 10))
                time.sleep(0.1)
        except OSError:
            self.close_connection = True

    def bomb(self):
        """A megabyte that unpacks to a gigabyte."""
        bomb = gzip.compress(b"\0" * 2**26) * 16
        self.head(201, len(bomb), {"Content-Encoding": "gzip"})
        self.settled()
        try:
            self.wfile.write(bomb)
        except OSError:
            self.close_connection = True

    def wait_until_given_up(self):
        try:
            self.connection.recv(1)
        except OSError:
            pass
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


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if options.tls else None


def show_certificate(name):
    """From now on new connections see this one."""
    if context is not None:
        context.load_cert_chain(os.path.join(options.tls, name + ".pem"))


class EventServer(Server):
    """The handshake belongs to the thread of the connection: one that hangs must not hold up the others."""

    def finish_request(self, request, client_address):
        if context is not None:
            request.settimeout(10)
            request = context.wrap_socket(request, server_side=True)
            request.settimeout(None)
        super().finish_request(request, client_address)


show_certificate("valid")
control = Server(("127.0.0.1", 0), Handler)
server = EventServer(("127.0.0.1", 0), Handler)
threading.Thread(target=control.serve_forever, daemon=True).start()
print(json.dumps({"port": server.server_address[1], "controlPort": control.server_address[1]}), flush=True)
server.serve_forever()

"""A client written from proto/unsay/v1 alone: no code of Unsay, only the schema and docs/protocol.md."""

import base64
import hashlib
import hmac
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid

_generated = tempfile.TemporaryDirectory(prefix="unsay-proto-")


def load_schema(root):
    """Generates Python code from the schema; returns the modules of event.proto and frame.proto.
    That of audit.proto can be imported then."""
    proto = os.path.join(root, "proto")
    subprocess.run(["protoc", "-I", proto, f"--python_out={_generated.name}",
                    "unsay/v1/event.proto", "unsay/v1/audit.proto", "unsay/v1/frame.proto"],
                   check=True)
    if _generated.name not in sys.path:
        sys.path.insert(0, _generated.name)
    from unsay.v1 import event_pb2, frame_pb2
    return event_pb2, frame_pb2


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make_token(secret, user, device, ttl_s=3600, algorithm="HS256", **claims):
    """A JWT as the product's backend would make it."""
    header = base64url(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
    body = {"sub": user, "device": device, "exp": int(time.time() + ttl_s), **claims}
    signed = header + "." + base64url(json.dumps(body).encode())
    return signed + "." + base64url(hmac.new(secret, signed.encode(), hashlib.sha256).digest())


class Closed(Exception):
    """The server closed the connection."""


class WireClient:
    def __init__(self, frames, address, timeout=10):
        host, port = address.rsplit(":", 1)
        self.frames = frames
        self.socket = socket.create_connection((host, int(port)), timeout)
        self.buffer = b""
        self.news = []
        self.last_request = 0

    def close(self):
        self.socket.close()

    def send_bytes(self, data):
        self.socket.sendall(data)

    def send(self, **body):
        """Sends one ClientFrame; returns its request number."""
        self.last_request += 1
        payload = self.frames.ClientFrame(request=self.last_request, **body).SerializeToString()
        self.send_bytes(struct.pack(">I", len(payload)) + payload)
        return self.last_request

    def receive(self):
        """The next ServerFrame; raises Closed at the end of the stream."""
        while len(self.buffer) < 4 or len(self.buffer) < 4 + struct.unpack(">I", self.buffer[:4])[0]:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                raise Closed()
            self.buffer += data
        size = struct.unpack(">I", self.buffer[:4])[0]
        frame = self.frames.ServerFrame.FromString(self.buffer[4:4 + size])
        self.buffer = self.buffer[4 + size:]
        return frame

    def answer(self, request):
        """The frame that answers; news that comes before it is kept in self.news."""
        while True:
            frame = self.receive()
            if frame.request == request:
                return frame
            self.news.append(frame)

    def ask(self, **body):
        return self.answer(self.send(**body))

    def next_news(self, progress=False):
        """The next push or notice; or the next that is told of places."""
        for at, frame in enumerate(self.news):
            if (frame.WhichOneof("body") == "progress") == progress:
                return self.news.pop(at)
        while True:
            frame = self.receive()
            if (frame.WhichOneof("body") == "progress") == progress:
                return frame
            self.news.append(frame)

    def next_place(self, user):
        """What is told next of how far this user has come."""
        while True:
            for told in self.next_news(progress=True).progress.conversations[0].members:
                if told.user == user:
                    return told.stored, told.displayed

    def hello(self, token):
        return self.ask(hello=self.frames.Hello(version_min=1, version_max=1, token=token,
                                                client="wire.py"))

    def read(self, conversation, **options):
        """All events of a page, and its end."""
        request = self.send(read=self.frames.Read(conversation=conversation, **options))
        events = []
        while True:
            frame = self.answer(request)
            if frame.WhichOneof("body") != "event":
                return events, frame
            events.append(frame.event)


def new_message_id():
    """A UUIDv7."""
    stamp = int(time.time() * 1000).to_bytes(6, "big")
    rest = bytearray(uuid.uuid4().bytes[6:])
    rest[0] = rest[0] & 0x0F | 0x70
    rest[2] = rest[2] & 0x3F | 0x80
    return stamp + bytes(rest)

#!/usr/bin/env python3
"""A scripted model, so that real agent programs can be run without a provider. Standard library only, loopback only.

It answers four wire formats (wire.py) with the next step of the agent's part (play.py), which it tells from the prompt.
The host, its database and the agent programs are real; only the thinking is scripted.

Usage it reports: input = bytes of the request / 4, cached = half of it, output = bytes of the answer / 4. Everything it
served stands in --log, one JSON object a line, so that what a program says it used can be compared with it.

    stub_model.py --port 0 --ready READY --log served.jsonl [--delay-ms N] [--fault 401 --from 3] [--hang-from 6] [--only w1]
"""

import argparse
import gzip
import json
import os
import re
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import play
import wire

SHELLS = {  # how each program's shell tool takes a command
    "exec_command": lambda command: {"cmd": command},
    "shell_command": lambda command: {"command": command},
    "shell": lambda command: {"command": ["bash", "-c", command]},
    "Bash": lambda command: {"command": command, "description": "step"},
    "bash": lambda command: {"command": command, "description": "step"},
    "run_shell_command": lambda command: {"command": command, "description": "step", "is_background": False},
}


class Served:
    """What was served, counted and written down."""

    def __init__(self, path):
        self.file = open(path, "a", encoding="utf8")
        self.lock = threading.Lock()
        self.number = 0
        self.by_worker = {}

    def next(self, worker):
        """Number of a request: of all, and of its agent."""
        with self.lock:
            self.number += 1
            self.by_worker[worker] = self.by_worker.get(worker, 0) + 1
            return self.number, self.by_worker[worker]

    def note(self, **what):
        with self.lock:
            self.file.write(json.dumps({"at": round(time.time(), 3), **what}) + "\n")
            self.file.flush()


def find_tool(tools, wanted):
    """The offered tool of the task graph called `wanted`, whatever the program put before its name."""
    named = [tool for tool in tools if re.search(rf"(^|_){wanted}$", tool[0])]
    ours = [tool for tool in named if re.search("task.?graph", tool[1] + tool[0], re.I)]
    return min(ours, key=lambda tool: len(tool[0]), default=None)


def choose(request, number):
    """The answer to a request, and how long to think first."""
    me = play.who(request.prompt)
    if me is None:
        return wire.Answer(number, text="a title"), 0
    step = play.play(me, [wire.bare(text) for _, text in request.results])
    if isinstance(step, play.Done):
        return wire.Answer(number, text=step.text), 0
    if isinstance(step, play.Shell):
        for name, namespace in request.tools:
            if name in SHELLS:
                return wire.Answer(number, name, namespace, SHELLS[name](step.command)), 0
        return wire.Answer(number, text="stub: no shell tool is offered"), 0
    tool = find_tool(request.tools, step.tool)
    if tool is None:
        offered = ", ".join(name for name, _ in request.tools)
        return wire.Answer(number, text=f"stub: {step.tool} is not offered among {offered}"), 0
    return wire.Answer(number, tool[0], tool[1], step.args), step.wait_ms


class Handler(BaseHTTPRequestHandler):
    """One request; `served` and `options` are set by main."""

    protocol_version = "HTTP/1.1"
    served = None
    options = None

    def log_message(self, *_):
        pass

    def send(self, status, value, headers=()):
        data = json.dumps(value).encode()
        self.send_response(status)
        for name, text in (("content-type", "application/json"), ("content-length", str(len(data))), *headers):
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        models = [{"id": "stub-model", "object": "model", "type": "model"}]
        self.send(200, {"object": "list", "data": models, "models": [], "has_more": False})

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("content-encoding") == "gzip":
            raw = gzip.decompress(raw)
        path = self.path.split("?")[0]
        if path.endswith("/count_tokens") or ":countTokens" in path:
            size = max(1, len(raw) // 4)
            self.send(200, {"input_tokens": size, "totalTokens": size})
            return
        kind = wire.kind_of(path)
        if kind is None:
            self.send(404, {"error": {"message": f"stub: no such path {path}"}})
            return
        self.answer(kind, json.loads(raw or b"{}"), raw)

    def answer(self, kind, body, raw):
        request = wire.parse(kind, body)
        me = play.who(request.prompt)
        worker = me.worker if me else None
        number, of_worker = self.served.next(worker)
        if self.is_faulty(worker, of_worker):
            return
        try:
            answer, wait_ms = choose(request, number)
        except Exception as cause:  # a fault of the script must be seen, not look like a dropped connection
            self.served.note(worker=worker, kind=kind, script_error=repr(cause))
            self.send(400, {"error": {"message": f"stub: {cause!r}", "type": "invalid_request_error"}})
            return
        time.sleep((wait_ms + self.options.delay_ms) / 1000)
        answer.tokens_in = max(1, len(raw) // 4)
        answer.tokens_cached = answer.tokens_in // 2
        answer.tokens_out = max(1, (len(json.dumps(answer.args)) + len(answer.tool) + len(answer.text)) // 4)
        # Before the answer: a program may be gone as soon as it has read it, and the test reads this then.
        self.served.note(worker=worker, kind=kind, number=of_worker, model=body.get("model"), tools=len(request.tools),
                         results=len(request.results), bytes=len(raw), call=answer.tool, args=answer.args,
                         text=answer.text, tokens_in=answer.tokens_in, tokens_cached=answer.tokens_cached,
                         tokens_out=answer.tokens_out, key=self.key())
        events, whole = wire.ANSWERS[kind](body, answer)
        try:
            if body.get("stream") or "stream" in self.path:
                self.stream(events, kind in wire.NAMED)
            else:
                self.send(200, whole)
        except (BrokenPipeError, ConnectionResetError):
            self.served.note(worker=worker, gone=True)

    def key(self):
        """The last four characters of the key it was asked with: enough to see that the right one arrived."""
        for name in ("authorization", "x-api-key", "x-goog-api-key"):
            if self.headers.get(name):
                return self.headers[name][-4:]
        return None

    def is_faulty(self, worker, number):
        """Whether this request was answered with what --fault or --hang-from ask for."""
        options = self.options
        if worker is None or (options.only and not worker.endswith(options.only)):
            return False
        if options.hang_from and number >= options.hang_from:
            self.served.note(worker=worker, hang=True)
            time.sleep(120)
            return True
        if options.fault and number >= options.fault_from:
            self.served.note(worker=worker, fault=options.fault)
            kind, code = ("authentication_error", "invalid_api_key") if options.fault == 401 else ("rate_limit_error", "rate_limit_exceeded")
            error = {"type": kind, "message": "stub fault", "code": code}
            self.send(options.fault, {"type": "error", "error": error}, [("retry-after", "1")])
            return True
        return False

    def stream(self, events, named):
        self.send_response(200)
        for name, text in (("content-type", "text/event-stream"), ("cache-control", "no-cache"), ("connection", "close")):
            self.send_header(name, text)
        self.end_headers()
        for event in events:
            if named:
                self.wfile.write(f"event: {event['type']}\n".encode())
            data = event if isinstance(event, str) else json.dumps(event)
            self.wfile.write(f"data: {data}\n\n".encode())
            self.wfile.flush()
        self.close_connection = True


def main():
    parser = argparse.ArgumentParser(description="A scripted model for real agent programs.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ready", help="written with the port when requests are answered")
    parser.add_argument("--log", default="served.jsonl")
    parser.add_argument("--delay-ms", type=int, default=0, help="how long every answer takes")
    parser.add_argument("--fault", type=int, help="answer with this status ...")
    parser.add_argument("--from", type=int, default=1, dest="fault_from", help="... from an agent's Nth request on")
    parser.add_argument("--hang-from", type=int, help="do not answer an agent's Nth request and those after it")
    parser.add_argument("--only", help="faults only for the agent whose worker id ends so")
    parser.add_argument("--max-seconds", type=int, default=1800, help="ends by itself after this long")
    Handler.options = parser.parse_args()
    Handler.served = Served(Handler.options.log)
    server = ThreadingHTTPServer(("127.0.0.1", Handler.options.port), Handler)
    server.daemon_threads = True
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    threading.Timer(Handler.options.max_seconds, lambda: os._exit(0)).start()
    if Handler.options.ready:
        with open(Handler.options.ready + ".new", "w", encoding="utf8") as ready:
            ready.write(str(server.server_address[1]))
        os.rename(Handler.options.ready + ".new", Handler.options.ready)
    server.serve_forever(0.2)


if __name__ == "__main__":
    main()

"""What the scripted model does: the part of each role under each workflow, as a generator.

A generator yields what it wants next (Call, Shell or Done) and is sent what came back, as text. The server keeps no
conversation: for each request it plays the generator anew with the results that the request carries, and answers with
the step after the last of them. So one server serves any number of agents, and an agent may be killed at any moment.
"""

import json
import re
import zlib
from dataclasses import dataclass, field


@dataclass
class Call:
    """A tool of the task graph."""

    tool: str
    args: dict = field(default_factory=dict)
    wait_ms: int = 0  # how long the model "thinks" first


@dataclass
class Shell:
    """A shell command in the agent's working directory."""

    command: str


@dataclass
class Done:
    """The last words."""

    text: str


@dataclass
class Who:
    """What the prompt says of the agent."""

    worker: str
    role: str
    tags: list
    workflow: str
    overlays: list
    root: str


PATTERNS = {
    "worker": r"Your worker id is (\S+)",
    "role": r"Your role is (\S+)",
    "tags": r"Your tags are (\S+)",
    "workflow": r"The workflow is (\S+)",
    "overlays": r"Overlays: (\S+)",
    "root": r"The root task is (\S+)",
}
GATES = {
    "solo": ["gate/tests", "gate/commit", "gate/build"],
    "swarm": ["gate/build", "gate/summary"],
    "push": ["gate/results"],
    "hierarchical": ["gate/results"],
}
LEGS = {
    "design": ["gate/spec"],
    "implement": ["gate/commit", "gate/impl-notes"],
    "review": ["gate/approval"],
    "test": ["gate/test-results"],
}
WAIT_MS = 400


def who(prompt):
    """The agent that a prompt is for; None where it is not one of tg's."""
    found = {key: re.search(pattern, prompt) for key, pattern in PATTERNS.items()}
    if not all(found[key] for key in ("worker", "role", "tags", "workflow")):
        return None
    text = {key: match.group(1) if match else "" for key, match in found.items()}
    overlays = [] if text["overlays"] in ("", "none") else text["overlays"].split(",")
    return Who(text["worker"], text["role"], text["tags"].split(","), text["workflow"], overlays, text["root"])


def script(me):
    """The generator of an agent's part."""
    if me.role in ("coordinator", "lead"):
        return lead(me)
    return worker(me)


def play(me, results):
    """The step after `results`."""
    part = script(me)
    step = next(part)
    for text in results:
        if isinstance(step, Done):
            return step
        step = part.send(text)
    return step


def read(text):
    """The JSON in a tool's answer, whatever the program wrapped it in."""
    for at, char in enumerate(text):
        if char in "{[":
            try:
                return json.JSONDecoder().raw_decode(text[at:])[0]
            except ValueError:
                continue
    return {}


def rows(text, key):
    """The list under `key` of an answer."""
    found = read(text)
    return found.get(key, []) if isinstance(found, dict) else found


def ask(tool, **args):
    """Call a tool until the database is not locked."""
    wait_ms = args.pop("wait_ms", 0)
    while True:
        text = yield Call(tool, args, wait_ms)
        if "database is locked" not in text:
            return text
        wait_ms = 30


def connect(me):
    args = {"worker_id": me.worker, "tags": me.tags, "workflow": me.workflow}
    if me.overlays:
        args["overlays"] = me.overlays
    yield from ask("connect", **args)


def leave(me):
    yield from ask("disconnect", worker_id=me.worker)
    yield Done(f"DONE {me.worker}")


def is_over():
    """Nothing pending, assigned or working."""
    text = yield from ask("status_summary")
    counts = read(text).get("counts", {})
    return all(counts.get(state, 0) == 0 for state in ("pending", "assigned", "working"))


def worker(me):
    """Take work, do it, attach what the workflow asks for, complete it; until nothing is left."""
    yield from connect(me)
    while True:
        if me.workflow == "push":
            text = yield from ask("list_tasks", owner=me.worker, status="assigned")
        else:
            text = yield from ask("list_tasks", ready=True, agent=me.worker)
        tasks = rows(text, "tasks")
        if me.workflow == "hierarchical":
            mine = yield from my_leaves(me)
            tasks = [task for task in tasks if task["id"] in mine]
        if not tasks:
            if (yield from is_over()):
                break
            yield from ask("thinking", agent=me.worker, thought="waiting for work", wait_ms=WAIT_MS)
            continue
        # Not everybody the same: agents that all take the first lose claims for nothing.
        task = tasks[zlib.crc32(me.worker.encode()) % len(tasks)]
        text = yield from ask("claim", worker_id=me.worker, task=task["id"])
        if re.search(r'"code"|claimed by|Invalid transition', text):
            continue
        yield from work(me, task)
    yield from leave(me)


def my_leaves(me):
    """Ids of what is in the parts that the lead assigned to me."""
    text = yield from ask("list_tasks", owner=me.worker, status="assigned")
    leaves = set()
    for part in rows(text, "tasks"):
        text = yield from ask("list_tasks", parent=part["id"], recursive=True)
        inside = [task["id"] for task in rows(text, "tasks")]
        leaves.update(inside or [part["id"]])
    return leaves


def work(me, task):
    yield Shell(f"echo {me.worker} {task['id']} >> work-{me.worker}.txt")
    gates = LEGS.get(task.get("phase"), []) if me.workflow == "relay" else GATES.get(me.workflow, [])
    for gate in gates:
        yield from ask("attach", agent=me.worker, task=task["id"], type=gate, content=f"{gate} by {me.worker}")
    yield from ask("update", worker_id=me.worker, task=task["id"], status="completed")


def lead(me):
    """Hand out what is ready (push), or the parts that hold something ready (hierarchical)."""
    yield from connect(me)
    given = 0
    while True:
        text = yield from ask("list_agents", stale_timeout=0)
        team = sorted((a for a in rows(text, "workers") if a.get("id") != me.worker), key=lambda a: a.get("id", ""))
        text = yield from ask("list_tasks", ready=True)
        ready = rows(text, "tasks")
        if me.workflow == "hierarchical":
            ready = yield from parts(me, {task["id"] for task in ready})
        for task in ready:
            able = [a["id"] for a in team if set(task.get("needed_tags") or []) <= set(a.get("tags") or [])]
            if not able:
                continue
            gate = "gate/context" if me.workflow == "push" else "gate/spec"
            yield from ask("attach", agent=me.worker, task=task["id"], type=gate, content="do it well")
            yield from ask("update", worker_id=me.worker, task=task["id"], assignee=able[given % len(able)])
            given += 1
        if not ready and (yield from is_over()):
            break
        yield from ask("thinking", agent=me.worker, thought="coordinating", wait_ms=WAIT_MS)
    yield from leave(me)


def parts(me, ready):
    """The pending parts under the root in which something is ready."""
    text = yield from ask("list_tasks", parent=me.root)
    found = []
    for part in rows(text, "tasks"):
        if part.get("status", "pending") != "pending":
            continue
        text = yield from ask("list_tasks", parent=part["id"], recursive=True)
        inside = {task["id"] for task in rows(text, "tasks")} or {part["id"]}
        if inside & ready:
            found.append(part)
    return found

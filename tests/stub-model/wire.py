"""Four wire formats of model providers: what a request says, and how an answer looks.

responses  OpenAI Responses     POST .../responses                      Codex
chat       OpenAI Chat          POST .../chat/completions               opencode, Qwen Code, Copilot, mini-swe-agent
messages   Anthropic Messages   POST .../messages                       Claude Code
gemini     Gemini               POST .../models/M:streamGenerateContent Gemini CLI
"""

import json
import re
import time
from dataclasses import dataclass, field


@dataclass
class Request:
    """A request in no particular format."""

    tools: list = field(default_factory=list)  # (name, namespace)
    results: list = field(default_factory=list)  # (tool, text)
    prompt: str = ""


@dataclass
class Answer:
    """A tool call, or text."""

    number: int
    tool: str = ""
    namespace: str = ""
    args: dict = field(default_factory=dict)
    text: str = ""
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0


def kind_of(path):
    """The format that a path belongs to."""
    for end, kind in (("/responses", "responses"), ("/chat/completions", "chat"), ("/messages", "messages")):
        if path.endswith(end):
            return kind
    return "gemini" if "enerateContent" in path else None


def flat(value):
    """The text in a provider's content or result."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(flat(item) for item in value)
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            return value["text"]
        for key in ("content", "output", "result", "error", "response"):
            if key in value:
                return flat(value[key])
        return json.dumps(value)
    return str(value)


def bare(text):
    """A tool's answer without what programs wrap MCP results in."""
    text = re.sub(r"^Wall time: [^\n]*\nOutput:\n", "", text)
    for _ in range(3):
        try:
            value = json.loads(text)
        except ValueError:
            return text
        is_wrapped = isinstance(value, list) or (isinstance(value, dict) and {"content", "output"} & value.keys())
        if not is_wrapped or flat(value) == text:
            return text
        text = flat(value)
    return text


# ---- requests


def parse(kind, body):
    """A request as any format has it."""
    return {"responses": from_responses, "chat": from_chat, "messages": from_messages, "gemini": from_gemini}[kind](body)


def from_responses(body):
    request, names, prompt = Request(), {}, []
    for tool in body.get("tools") or []:
        if tool.get("type") == "namespace":
            request.tools += [(inner["name"], tool["name"]) for inner in tool.get("tools", [])]
        else:
            request.tools.append((tool.get("name") or tool.get("type"), ""))
    for item in body.get("input") or []:
        kind = item.get("type")
        if kind in ("function_call", "custom_tool_call", "local_shell_call"):
            names[item.get("call_id")] = item.get("name") or kind
        elif kind in ("function_call_output", "custom_tool_call_output", "local_shell_call_output"):
            request.results.append((names.get(item.get("call_id"), "?"), flat(item.get("output"))))
        elif kind in (None, "message") and item.get("role") == "user":
            prompt.append(flat(item.get("content")))
    request.prompt = "\n".join(prompt)
    return request


def from_chat(body):
    request, names, prompt = Request(), {}, []
    for tool in body.get("tools") or []:
        request.tools.append(((tool.get("function") or tool)["name"], ""))
    for message in body.get("messages") or []:
        for call in message.get("tool_calls") or []:
            names[call["id"]] = call["function"]["name"]
        if message["role"] == "tool":
            request.results.append((names.get(message.get("tool_call_id"), "?"), flat(message.get("content"))))
        elif message["role"] == "user":
            prompt.append(flat(message.get("content")))
    request.prompt = "\n".join(prompt)
    return request


def from_messages(body):
    request, names, prompt = Request(), {}, []
    request.tools = [(tool["name"], "") for tool in body.get("tools") or []]
    for message in body.get("messages") or []:
        content = message.get("content")
        for part in content if isinstance(content, list) else [{"type": "text", "text": content}]:
            if part.get("type") == "tool_use":
                names[part["id"]] = part["name"]
            elif part.get("type") == "tool_result":
                request.results.append((names.get(part["tool_use_id"], "?"), flat(part.get("content"))))
            elif part.get("type") == "text" and message["role"] == "user":
                prompt.append(part["text"] or "")
    request.prompt = "\n".join(prompt)
    return request


def from_gemini(body):
    request, prompt = Request(), []
    for tool in body.get("tools") or []:
        request.tools += [(each["name"], "") for each in tool.get("functionDeclarations") or []]
    for message in body.get("contents") or []:
        for part in message.get("parts") or []:
            if "functionResponse" in part:
                response = part["functionResponse"]
                request.results.append((response["name"], flat(response.get("response"))))
            elif "text" in part and message.get("role") == "user":
                prompt.append(part["text"])
    request.prompt = "\n".join(prompt)
    return request


# ---- answers: (events of a stream, whole answer); events are dicts, or text for the end mark


def to_responses(body, answer):
    if answer.tool:
        item = {"type": "function_call", "id": f"fc_{answer.number}", "call_id": f"call_{answer.number}",
                "name": answer.tool, "arguments": json.dumps(answer.args), "status": "completed"}
        if answer.namespace:
            item["namespace"] = answer.namespace
    else:
        item = {"type": "message", "id": f"msg_{answer.number}", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": answer.text, "annotations": []}]}
    usage = {"input_tokens": answer.tokens_in, "input_tokens_details": {"cached_tokens": answer.tokens_cached},
             "output_tokens": answer.tokens_out, "output_tokens_details": {"reasoning_tokens": 0},
             "total_tokens": answer.tokens_in + answer.tokens_out}
    whole = {"id": f"resp_{answer.number}", "object": "response", "created_at": int(time.time()),
             "model": body.get("model"), "status": "completed", "output": [item], "usage": usage}
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    events = [{"type": "response.created", "response": begun},
              {"type": "response.output_item.added", "output_index": 0, "item": item},
              {"type": "response.output_item.done", "output_index": 0, "item": item},
              {"type": "response.completed", "response": whole}]
    return events, whole


def to_chat(body, answer):
    usage = {"prompt_tokens": answer.tokens_in, "completion_tokens": answer.tokens_out,
             "total_tokens": answer.tokens_in + answer.tokens_out,
             "prompt_tokens_details": {"cached_tokens": answer.tokens_cached}}
    message = {"role": "assistant", "content": answer.text}
    if answer.tool:
        message["tool_calls"] = [{"index": 0, "id": f"call_{answer.number}", "type": "function",
                                  "function": {"name": answer.tool, "arguments": json.dumps(answer.args)}}]
    end = "tool_calls" if answer.tool else "stop"
    base = {"id": f"chatcmpl-{answer.number}", "created": int(time.time()), "model": body.get("model")}
    chunk = {**base, "object": "chat.completion.chunk"}
    events = [{**chunk, "choices": [{"index": 0, "delta": message, "finish_reason": None}]},
              {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": end}]},
              {**chunk, "choices": [], "usage": usage}, "[DONE]"]
    choice = {"index": 0, "message": message, "finish_reason": end}
    return events, {**base, "object": "chat.completion", "choices": [choice], "usage": usage}


def to_messages(body, answer):
    usage = {"input_tokens": answer.tokens_in - answer.tokens_cached, "cache_read_input_tokens": answer.tokens_cached,
             "cache_creation_input_tokens": 0, "output_tokens": answer.tokens_out}
    if answer.tool:
        block = {"type": "tool_use", "id": f"toolu_{answer.number:06d}", "name": answer.tool, "input": answer.args}
        start, end = {**block, "input": {}}, "tool_use"
        delta = {"type": "input_json_delta", "partial_json": json.dumps(answer.args)}
    else:
        block = {"type": "text", "text": answer.text}
        start, end = {"type": "text", "text": ""}, "end_turn"
        delta = {"type": "text_delta", "text": answer.text}
    whole = {"id": f"msg_{answer.number}", "type": "message", "role": "assistant", "model": body.get("model"),
             "content": [block], "stop_reason": end, "stop_sequence": None, "usage": usage}
    begun = {**whole, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    events = [{"type": "message_start", "message": begun},
              {"type": "content_block_start", "index": 0, "content_block": start},
              {"type": "content_block_delta", "index": 0, "delta": delta},
              {"type": "content_block_stop", "index": 0},
              {"type": "message_delta", "delta": {"stop_reason": end, "stop_sequence": None},
               "usage": {"output_tokens": answer.tokens_out}},
              {"type": "message_stop"}]
    return events, whole


def to_gemini(_body, answer):
    part = {"text": answer.text}
    if answer.tool:
        part = {"functionCall": {"id": f"call_{answer.number}", "name": answer.tool, "args": answer.args}}
    usage = {"promptTokenCount": answer.tokens_in, "candidatesTokenCount": answer.tokens_out,
             "totalTokenCount": answer.tokens_in + answer.tokens_out, "cachedContentTokenCount": answer.tokens_cached}
    content = {"role": "model", "parts": [part]}
    whole = {"candidates": [{"index": 0, "content": content, "finishReason": "STOP"}], "modelVersion": "stub-model",
             "responseId": f"r{answer.number}", "usageMetadata": usage}
    return [whole], whole


ANSWERS = {"responses": to_responses, "chat": to_chat, "messages": to_messages, "gemini": to_gemini}
NAMED = ("responses", "messages")  # formats whose events carry their name on a line of its own

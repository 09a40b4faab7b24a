"""Formats received requests: a line and the payload for people, or one JSON object per line for scripts.

Untrusted text is made printable, so no request can move the cursor or recolour the terminal.
"""

import json
import unicodedata
from typing import Any

import orjson
from rich.console import Console
from rich.text import Text

from app.cli.listen.misbehaviour import Answer
from app.cli.listen.verdict import Verdict
from app.clock import rfc3339

# What a person reads of one body; --json has all of it.
MAX_SHOWN_CHARACTERS = 10_000


def as_json(verdict: Verdict, answer: Answer) -> str:
    """One delivery as one line of JSON."""
    request = verdict.request
    return orjson.dumps(
        {
            "kind": "delivery",
            "at": rfc3339(verdict.at),
            "method": request.method,
            "path": request.path,
            "eventType": verdict.event_type,
            "webhookId": verdict.webhook_id,
            "attempt": verdict.attempt,
            "verified": verdict.verified,
            "reason": verdict.reason,
            "timesBefore": verdict.times_before,
            "answer": str(answer),
            **({} if answer.application is None else {"application": answer.application}),
            "headers": request.headers,
            "payload": verdict.payload,
            "body": None if verdict.payload is not None else request.body.decode(errors="replace"),
        }
    ).decode()


def print_delivery(console: Console, verdict: Verdict, answer: Answer, *, with_body: bool) -> None:
    """One delivery as a person reads it."""
    console.print(_line(verdict, answer), soft_wrap=True)
    if with_body and verdict.request.body:
        console.print(_body(verdict), soft_wrap=True)


def printable(text: str) -> str:
    """The text with everything but printable characters and line feeds written as escapes."""
    return "".join(c if c == "\n" or unicodedata.category(c)[0] != "C" else ascii(c)[1:-1] for c in text)


def _line(verdict: Verdict, answer: Answer) -> Text:
    request = verdict.request
    line = Text(f"{verdict.at.astimezone():%H:%M:%S.%f}"[:-3], style="dim")
    line.append(f"  {printable(request.method)} {printable(request.path)}", style="not dim")
    line.append(f"  {printable(verdict.event_type or 'no event type')}", style="not dim bold")
    line.append(f"  {printable(verdict.webhook_id or 'no webhook-id')}  attempt {printable(verdict.attempt or '?')}")
    if verdict.reason is None:
        line.append("  ✓ verified", style="not dim green")
    else:
        line.append(f"  ✗ {printable(verdict.reason)}", style="not dim red")
    if verdict.times_before:
        times = "once" if verdict.times_before == 1 else f"{verdict.times_before} times"
        line.append(f"  seen {times} before", style="not dim yellow")
    if answer.application is not None:
        line.append(f"  application: {printable(answer.application)}")
    line.append(f"  → {answer}", style="not dim" if answer.status < 300 else "not dim yellow")
    return line


def _body(verdict: Verdict) -> Text:
    text = printable(_pretty(verdict.payload, verdict.request.body))
    if len(text) > MAX_SHOWN_CHARACTERS:
        more = len(text) - MAX_SHOWN_CHARACTERS
        text = f"{text[:MAX_SHOWN_CHARACTERS]}\n… and {more} characters more; --json shows all."
    return Text(text)


def _pretty(payload: Any, body: bytes) -> str:
    if payload is None:
        return body.decode(errors="replace")
    return json.dumps(payload, indent=2, ensure_ascii=False)

"""Judges what is sent to Slack by the models of Slack's own Python SDK.

    python slack.py < calls.jsonl        with slack_sdk 3.48

A line is {"method": …, "arguments": {…}}. Each fault is a line of the output; with any, the exit code is 1.

The SDK drops what it does not know with a warning: here that is a fault, as it is where a limit of Slack's is passed that the
SDK leaves to the service.
"""

import json
import logging
import sys
import warnings

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.attachments import Attachment
from slack_sdk.models.blocks import Block
from slack_sdk.models.metadata import Metadata
from slack_sdk.models.views import View

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

BLOCKS = 50
TEXT = 40_000
FALLBACK_NEEDED = {"chat.postMessage", "chat.postEphemeral", "chat.update"}


def unknown(given, known, place):
    """What was given and is not in what the SDK made of it."""
    if isinstance(given, dict) and isinstance(known, dict):
        for name, value in given.items():
            inside = f"{place}.{name}"
            if name in known:
                yield from unknown(value, known[name], inside)
            elif value is not None:
                yield f"{inside}: the SDK does not know it, or it is empty: {json.dumps(value)[:200]}"
    elif isinstance(given, list) and isinstance(known, list) and len(given) == len(known):
        for number, (one, other) in enumerate(zip(given, known)):
            yield from unknown(one, other, f"{place}[{number}]")
    elif given != known:
        yield f"{place}: {json.dumps(given)[:200]} is {json.dumps(known)[:200]} to the SDK"


def rebuilt(make, given, place):
    try:
        made = make()
        if made is None:
            yield f"{place}: the SDK does not know a {given.get('type')}"
        else:
            yield from unknown(given, made.to_dict(), place)
    except (SlackObjectFormationError, TypeError, AttributeError, KeyError) as error:
        yield f"{place}: {error}"


def repeated(names):
    names = [name for name in names if name]
    return sorted({name for name in names if names.count(name) > 1})


def judge_blocks(blocks, place, most):
    if not isinstance(blocks, list):
        yield f"{place}: no list"
        return
    if len(blocks) > most:
        yield f"{place}: {len(blocks)} blocks, and Slack takes {most}"
    for number, block in enumerate(blocks):
        yield from rebuilt(lambda: Block.parse(block), block, f"{place}[{number}]")
        actions = [element.get("action_id") for element in block.get("elements", [])]
        for action in repeated(actions):
            yield f"{place}[{number}]: two elements are called {action}"
    for name in repeated([block.get("block_id") for block in blocks]):
        yield f"{place}: two blocks are called {name}"


def judge_view(view):
    yield from rebuilt(lambda: View(**view), view, "view")
    yield from judge_blocks(view.get("blocks", []), "view.blocks", View.blocks_max_length)
    if view.get("type") == "modal" and "title" not in view:
        yield "view: a modal needs a title"
    if any(block.get("type") == "input" for block in view.get("blocks", [])) and "submit" not in view:
        yield "view: with fields it needs a button to send them"


def judge(method, arguments):
    blocks = arguments.get("blocks") or []
    yield from judge_blocks(blocks, "blocks", BLOCKS)
    attachments = arguments.get("attachments") or []
    for number, attachment in enumerate(attachments):
        yield from rebuilt(lambda: Attachment(**attachment), attachment, f"attachments[{number}]")
    if metadata := arguments.get("metadata"):
        yield from rebuilt(lambda: Metadata(**metadata), metadata, "metadata")
    if view := arguments.get("view"):
        yield from judge_view(view)
    text = arguments.get("text") or ""
    if len(text) > TEXT:
        yield f"text: {len(text)} characters, and Slack takes {TEXT}"
    if method in FALLBACK_NEEDED and not text.strip():
        yield "text: notifications and screen readers have nothing to say"


def main():
    faults = 0
    for number, line in enumerate(sys.stdin, start=1):
        call = json.loads(line)
        for fault in judge(call["method"], call["arguments"]):
            faults += 1
            print(f"{number} {call['method']} {fault}")
    return 1 if faults else 0


sys.exit(main())

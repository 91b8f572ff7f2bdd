#!/usr/bin/python3
"""Sees and presses what a screen reader sees and presses (AT-SPI); one JSON request per line, one JSON answer each.

Runs on the system's Python, which has pyatspi.  Requests: {"do": "seen", "pid": N} lists [role, name, text, showing];
{"do": "press", "pid": N, "name": TEXT} and {"do": "type", "pid": N, "name": TEXT, "text": TEXT} answer true or false.
"""

import json
import sys

import pyatspi

_WANTED_STATES = (pyatspi.STATE_SHOWING, pyatspi.STATE_VISIBLE)


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = _ACTIONS[request["do"]](request)
        except Exception as error:  # a node may vanish while it is looked at: the test asks again
            answer = {"error": repr(error)}
        print(json.dumps(answer), flush=True)


def nodes(pid):
    for app in pyatspi.Registry.getDesktop(0):
        if app is not None and app.get_process_id() == pid:
            yield from below(app)


def below(node):
    for child in node:
        if child is not None:
            yield child
            yield from below(child)


def is_showing(node):
    states = node.getState()
    return all(states.contains(state) for state in _WANTED_STATES)


def text_of(node):
    try:
        text = node.queryText()
        return text.getText(0, text.characterCount)
    except NotImplementedError:
        return ""


def seen(request):
    return [[n.getRoleName(), n.name, text_of(n)] for n in nodes(request["pid"]) if is_showing(n)]


def found(request):
    wanted = request["name"]
    for node in nodes(request["pid"]):
        if is_showing(node) and wanted in node.name and node.getRoleName() not in ("label", "filler", "panel"):
            yield node


def press(request):
    for node in found(request):
        try:
            action = node.queryAction()
        except NotImplementedError:
            continue
        names = [action.getName(number) for number in range(action.nActions)]
        if node.getState().contains(pyatspi.STATE_ENABLED):
            for wanted in ("Press", "Toggle", "click"):
                if wanted in names:
                    action.doAction(names.index(wanted))
                    return True
    return False


def enter(request):
    for node in found(request):
        try:
            node.queryEditableText().setTextContents(request["text"])
            return True
        except NotImplementedError:
            continue
    return False


_ACTIONS = {"seen": seen, "press": press, "type": enter}

if __name__ == "__main__":
    main()

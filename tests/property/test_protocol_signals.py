"""Signals: everything that can be said survives the wire, and no bytes can do worse than be refused."""

import itertools
import json
from contextlib import suppress
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wzp_core.errors import RemoteViolation
from wzp_core.protocol.signal import codec
from wzp_core.protocol.signal.base import SignalMessage, UnknownSignal, all_tags, class_of
from wzp_core.protocol.signal.federation import FederatedSignalForward
from wzp_core.protocol.signal.framing import FrameReader, frame

KINDS = {tag: kind for tag in all_tags() if (kind := class_of(tag)) is not None}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PLAIN = {str: TEXT, bool: st.booleans(), bytes: st.binary(max_size=70)}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """All that a declared type allows."""
    hint = getattr(hint, "__supertype__", hint)
    arguments = get_args(hint)
    if get_origin(hint) is Annotated:
        return wide(*arguments)
    if get_origin(hint) is tuple:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if NoneType in arguments:
        return st.none() | values(next(argument for argument in arguments if argument is not NoneType))
    if hint is SignalMessage:
        return st.sampled_from([kind for kind in KINDS.values() if kind is not FederatedSignalForward]).flatmap(values)
    if isinstance(hint, type) and is_dataclass(hint):
        hints = get_type_hints(hint, include_extras=True)
        return st.builds(hint, **{field.name: values(hints[field.name]) for field in fields(hint)})
    return st.sampled_from(hint) if issubclass(hint, Enum) else PLAIN[hint]


def wide(base: type, width: int) -> st.SearchStrategy[Any]:
    if base is int:
        return st.integers(0, width)
    if base is bytes:
        return st.binary(min_size=width, max_size=width)
    return st.decimals(-1000, 1000, places=3).map(float)  # what single precision tells apart


MESSAGES = st.sampled_from(sorted(KINDS)).flatmap(lambda tag: values(KINDS[tag]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


@given(MESSAGES)
def test_every_message_survives_the_wire(message: SignalMessage) -> None:
    assert codec.decode(codec.encode(message)) == message


@given(MESSAGES, st.dictionaries(TEXT.map("later_{}".format), JSON, max_size=3), st.integers(0, 255))
def test_fields_of_later_versions_are_ignored(message: SignalMessage, later: dict[str, Any], version: int) -> None:
    tagged = json.loads(codec.encode(message))
    if isinstance(tagged, str):
        return
    ((tag, content),) = tagged.items()
    text = json.dumps({tag: {"version": version, **later, **content}}, allow_nan=True)
    if "NaN" not in text and "Infinity" not in text and "\\ud" not in text:
        assert codec.decode(text.encode()) == message


@given(
    st.binary()
    | st.text().map(lambda text: text.encode("utf-8", "surrogatepass"))
    | JSON.map(lambda value: json.dumps(value).encode())
)
def test_no_bytes_can_do_worse_than_be_refused(data: bytes) -> None:
    with suppress(RemoteViolation):
        codec.decode(data)


@given(st.sampled_from(sorted(KINDS)), st.data())
def test_no_content_under_a_known_tag_can_do_worse_than_be_refused(tag: str, data: st.DataObject) -> None:
    names = [field.name for field in fields(KINDS[tag])]  # type: ignore[arg-type]
    content = data.draw(JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(names, JSON)))
    with suppress(RemoteViolation):
        message = codec.decode(json.dumps({tag: content}).encode())
        assert type(message) is KINDS[tag]
        assert codec.decode(codec.encode(message)) == message


@given(MESSAGES, st.data())
def test_a_damaged_message_is_another_message_or_refused(message: SignalMessage, data: st.DataObject) -> None:
    wire = bytearray(codec.encode(message))
    at = data.draw(st.integers(0, len(wire) - 1))
    wire[at] = data.draw(st.integers(0, 255))
    with suppress(RemoteViolation):
        damaged = codec.decode(bytes(wire))
        if not isinstance(damaged, UnknownSignal):
            assert codec.decode(codec.encode(damaged)) == damaged


@given(st.lists(st.binary(max_size=40)), st.booleans())
def test_a_frame_reader_holds_no_more_than_it_was_fed_and_gives_one_frame_at_most(
    chunks: list[bytes], end: bool
) -> None:
    reader, given_out = FrameReader(), []
    with suppress(RemoteViolation):
        given_out = [reader.feed(chunk, end and n == len(chunks) - 1) for n, chunk in enumerate(chunks)]
        assert reader.received == sum(map(len, chunks))
    stream = b"".join(chunks)
    assert [frame(payload) for payload in given_out if payload is not None] in (
        [],
        [stream[: 4 + int.from_bytes(stream[:4], "big")]],
    )


@given(st.binary(max_size=200), st.lists(st.integers(0, 210)), st.binary(max_size=9))
def test_a_frame_arrives_whole_however_the_stream_is_cut(payload: bytes, cuts: list[int], more: bytes) -> None:
    stream = frame(payload) + more
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    reader = FrameReader()
    given_out = [reader.feed(stream[a:b], b == len(stream)) for a, b in itertools.pairwise(edges)]
    assert [out for out in given_out if out is not None] == [payload]


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
def test_a_message_is_a_value(kind: type[SignalMessage]) -> None:
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "__slots__" in vars(kind)

"""Vectors of crypto.md §7, and the host names of transport.md §3."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wzp_core.crypto.rooms import federation_tag, room_hash, server_name


@pytest.mark.parametrize(
    ("name", "hashed", "tag"),
    [
        ("general", "a47b63f7d5b511ba5bc4089a74446906", "0feae16d55365acf"),
        ("android", "3f8466a8c694c38ccbe4ff7479015ae0", "f60ed56a9c827589"),
        ("my-group", "46de10172c0bd3222eea8f521ac04d59", "37a917d4256a91b5"),
    ],
)
def test_a_room_has_the_published_hash_and_tag(name, hashed, tag):
    assert room_hash(name) == hashed
    assert federation_tag(name).hex() == tag


def test_a_call_room_has_the_published_tag():
    assert federation_tag("call-0123456789abcdef").hex() == "22203ddec434efc6"


@pytest.mark.parametrize("name", ["general", "my-group", "room_1", "call-0123456789abcdef", "a" * 63])
def test_a_name_that_is_a_host_name_stays(name):
    assert server_name(name) == name


def test_case_does_not_divide_a_room():
    assert server_name(" General ") == "general"
    assert server_name("MY ROOM") == server_name("my room") == room_hash("my room")


@pytest.mark.parametrize("name", ["my room", "a.b", "1234", "größe", "", "a" * 64, "_signal", "_x", "ping", "version"])
def test_a_name_that_is_no_free_host_name_is_hashed(name):
    assert server_name(name) == room_hash(name)


@given(st.text(st.characters()))
def test_every_name_can_be_asked_for(name):
    asked = server_name(name)
    assert re.fullmatch(r"[a-z0-9_-]{1,63}", asked)
    assert server_name(asked) == asked or asked == room_hash(name.strip().lower())

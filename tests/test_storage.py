from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import NotFound
from app.storage import ObjectStore


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "objects")


def test_bytes_come_back_under_their_hash_and_twice_is_one_file(store: ObjectStore) -> None:
    first, second = store.put("работы".encode()), store.put("работы".encode())

    assert first == second == hashlib.sha256("работы".encode()).hexdigest()
    assert store.read(first) == "работы".encode()
    assert list(store) == [first]


def test_a_changed_file_is_not_served(store: ObjectStore) -> None:
    sha256 = store.put(b"right")
    store.path(sha256).write_bytes(b"wrong")

    with pytest.raises(NotFound, match="повреждён"):
        store.read(sha256)


@given(st.text(max_size=80))
def test_a_name_given_by_a_person_never_becomes_a_path(name: str) -> None:
    with pytest.raises(NotFound):
        ObjectStore(Path("objects")).path(f"../{name}")


def test_the_sweeper_takes_old_leftovers_and_leaves_whole_files(store: ObjectStore) -> None:
    sha256 = store.put(b"whole")
    part = store.path(sha256).with_name("x.part")
    part.write_bytes(b"half")
    fresh = store.path(sha256).with_name("y.part")
    fresh.write_bytes(b"half")
    os.utime(part, (0, 0))

    assert store.sweep() == 1
    assert fresh.exists()
    assert store.read(sha256) == b"whole"

"""When garbage is looked for: not while the app starts, and of a closed store always."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from app.device import heap


class Ring:
    """Something only the collector frees."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    heap.thaw()


def test_a_start_is_not_interrupted_and_what_it_leaves_is_found_once_the_store_is_closed() -> None:
    heap.begin()
    assert not gc.isenabled()
    ring = Ring()
    gone = weakref.ref(ring)
    heap.settle()
    assert gc.isenabled()
    del ring
    gc.collect()
    assert gone() is not None  # set apart: nobody walks it
    heap.thaw()
    gc.collect()
    assert gone() is None


def test_no_look_while_a_page_is_read_and_as_before_after() -> None:
    with heap.still():
        assert not gc.isenabled()
    assert gc.isenabled()
    heap.begin()
    with heap.still():
        pass
    assert not gc.isenabled()

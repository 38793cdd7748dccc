"""Working ahead: the next item is made while the last one is used.

Belongs here: handing items from one thread to another. Does not belong here: what is made.

Reading and decoding, parsing, sorting and packing of one source's file each run in a thread of their own, one block apart.
What takes the time in them (the C library, Polars, numpy, Arrow) lets go of the interpreter, so two cores are kept busy.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The same items in the same order, never more than one made before it is asked for.

    What `items` raises is raised when its turn comes.
    """
    nothing = object()
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as maker:
        coming = maker.submit(next, items, nothing)
        while (item := coming.result()) is not nothing:
            coming = maker.submit(next, items, nothing)
            yield item  # type: ignore[misc]  # the one object that is no item ended the loop

"""Allocates in functions of many kinds, and says which they are: python_places.py LONG.

Each line is the KiB of a block, and the functions that allocated it, the innermost first, by what Python itself knows of them. The block
has some bytes more, how many depends on the release.
"""

import asyncio
import atexit
import functools
import gc
import itertools
import json
import os
import re
import sys
import threading

MOST = 8
sizes = itertools.count(200)
lock = threading.Lock()
kept = []


def named(code):
    name = getattr(code, "co_qualname", code.co_name)
    file = "/".join(code.co_filename.split("/")[-2:])
    parts = re.sub(r"\s", "_", name)[:120], re.sub(r"\s", "_", file)
    return "%s(%s:%d)" % (*parts, code.co_firstlineno)


def take():
    with lock:
        size = next(sizes)
    frame, functions = sys._getframe(), []
    while frame is not None and len(functions) < MOST:
        functions.append(named(frame.f_code))
        frame = frame.f_back
    block = bytearray(size << 10)
    with lock:
        os.write(1, ("%d %s\n" % (size, " ".join(functions))).encode())
    return block


class Thing:
    def __init__(self):
        take()

    def __lt__(self, other):
        take()
        return True

    def __del__(self):
        take()

    @property
    def value(self):
        return take()


def generator():
    take()
    yield 1
    take()


def through():
    yield from generator()


def deep(levels):
    take() if levels == 0 else deep(levels - 1)


async def inner():
    take()
    await asyncio.sleep(0)
    take()


async def outer():
    await inner()


async def numbers():
    take()
    yield 1
    await asyncio.sleep(0)
    take()


async def tasks():
    await asyncio.gather(outer(), outer(), inner())
    async for _ in numbers():
        take()
    loop = asyncio.get_running_loop()
    loop.call_soon(take)
    await loop.run_in_executor(None, deep, 2)
    await asyncio.sleep(0.001)


def made_and_gone(rounds):
    """Each function is freed before the next, which may get its memory."""
    for number in range(rounds):
        text = "def made%d():\n    take()\nmade%d()" % (number, number)
        exec(compile(text, "/a folder/made %d.py" % number, "exec"), {"take": take})


def odd_names():
    exec("def größe():\n    take()\ngröße()", {"take": take})
    exec(compile("def 大きさ():\n    take()\n大きさ()", "/x/フ.py", "exec"), {"take": take})
    code = deep.__code__.replace(co_name="a b\tc" + "x" * 300)
    function = type(deep)(code, globals())
    function(0)


def long(calls):
    """Makes a long recording. What lives all the time was allocated by a function that is gone."""
    made = {"take": take}
    exec(compile("def gone():\n    return take()\nblock = gone()", "/x/gone.py", "exec"), made)
    kept.append(made["block"])
    made.clear()
    gc.collect()
    for _ in range(calls):
        bytearray(1000)


def main():
    atexit.register(take)
    thing = Thing()
    thing.value
    sorted([Thing(), Thing(), Thing()])
    sorted([1, 2], key=lambda number: take() and number)
    [take() for _ in range(2)]
    list(take() for _ in range(2))
    for _ in through():
        take()
    functools.reduce(lambda one, other: take() and one, [1, 2])
    re.sub("a", lambda found: take() and "b", "aa")
    json.loads('{"a": {"b": 1}}', object_hook=lambda value: take() and value)
    for levels in (3, 40, 800):
        deep(levels)
    made_and_gone(40)
    odd_names()
    threads = [threading.Thread(target=deep, args=(levels,)) for levels in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(tasks())
    child = os.fork()
    if child == 0:
        global sizes
        sizes = itertools.count(4000)
        deep(2)
        os._exit(0)
    os.waitpid(child, 0)


long(int(sys.argv[1])) if len(sys.argv) > 1 else main()

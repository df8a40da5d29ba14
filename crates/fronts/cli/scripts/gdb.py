# Records the malloc calls of a running process with gdb, as a trace for Highwater.
#
#   HIGHWATER_TRACE=service.hwt gdb -q -batch -p PID -x highwater-gdb.py      (kill -INT of gdb's process ends it)
#
# Limits: every call stops the process twice, which takes milliseconds: for a short look at a process that nothing else can
# reach. End gdb with INT only: killed in another way, it leaves breakpoints behind that kill the process. It needs an x86-64 or AArch64 machine and the right to trace the process. Blocks from before it began are unknown;
# calls of other threads while one is stopped within malloc may be missed. malloc_trim and mallopt are not recorded.
import os
import time

import gdb

MACHINE = gdb.selected_inferior().architecture().name()
FIRST, SECOND, THIRD, RESULT = {
    "i386:x86-64": ("$rdi", "$rsi", "$rdx", "$rax"),
    "aarch64": ("$x0", "$x1", "$x2", "$x0"),
}[MACHINE]
BEGAN = time.monotonic()
OUT = open(os.environ.get("HIGHWATER_TRACE", "trace.hwt"), "w")
# Within these calls others of the list may be made: only the outermost counts.
INSIDE = set()


def number(register):
    return int(gdb.parse_and_eval("(unsigned long) " + register))


def write(kind, *fields):
    microseconds = int((time.monotonic() - BEGAN) * 1e6)
    thread = gdb.selected_thread().num - 1
    OUT.write(" ".join(map(str, (kind, microseconds, thread) + fields)) + "\n")


class Return(gdb.FinishBreakpoint):
    def __init__(self, line):
        super().__init__(gdb.newest_frame(), internal=True)
        self.line = line
        self.thread_number = gdb.selected_thread().num
        INSIDE.add(self.thread_number)

    def stop(self):
        INSIDE.discard(self.thread_number)
        self.line(number(RESULT))
        return False

    def out_of_scope(self):
        INSIDE.discard(self.thread_number)


class Call(gdb.Breakpoint):
    def __init__(self, name, line):
        super().__init__(name, internal=True)
        self.line = line

    def stop(self):
        if gdb.selected_thread().num in INSIDE:
            return False
        arguments = number(FIRST), number(SECOND), number(THIRD)
        Return(lambda result: self.line(result, *arguments))
        return False


class Free(gdb.Breakpoint):
    def stop(self):
        block = number(FIRST)
        if block and gdb.selected_thread().num not in INSIDE:
            write("f", hex(block))
        return False


def posix_memalign(result, out, alignment, size):
    if result == 0:
        block = gdb.parse_and_eval("*(unsigned long *) %d" % out)
        write("a", hex(int(block)), alignment, size)


OUT.write("highwater-trace 2\n")
OUT.write("program process %d, recorded by gdb\n" % gdb.selected_inferior().pid)
OUT.write("imported gdb; lost: start calls upkeep sites\n")
gdb.execute("set pagination off")
gdb.execute("set breakpoint pending off")
CALLS = [
    Call("malloc", lambda block, size, *_: write("m", hex(block), size)),
    Call("calloc", lambda block, count, size, _: write("c", hex(block), count, size)),
    Call("realloc", lambda block, old, size, _: write("r", hex(block), hex(old), size)),
    Call("memalign", lambda block, alignment, size, _: write("a", hex(block), alignment, size)),
    Call("aligned_alloc", lambda block, alignment, size, _: write("a", hex(block), alignment, size)),
    Call("posix_memalign", posix_memalign),
    Free("free", internal=True),
]
try:
    gdb.execute("continue")
except (KeyboardInterrupt, gdb.error):
    pass
OUT.close()
for breakpoint in CALLS:
    breakpoint.delete()
if gdb.selected_inferior().pid:
    gdb.execute("detach")

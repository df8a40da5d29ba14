"""Is killed while it holds its blocks."""
import os
import signal

first = bytearray(1234567)
kept = [bytearray(5000) for _ in range(300)]
last = bytearray(2345678)
os.kill(os.getpid(), signal.SIGKILL)

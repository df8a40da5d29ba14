import ctypes, os
os.environ["MALLOC_ARENA_MAX"] = "2"
os.environ.setdefault('MALLOC_TOP_PAD_', '4096')
M_MMAP_THRESHOLD = -3
ctypes.CDLL("libc.so.6").mallopt(M_MMAP_THRESHOLD, 65536)
subprocess.run(["app"], env={**os.environ, "MALLOC_CHECK_": "3"})

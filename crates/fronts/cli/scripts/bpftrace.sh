#!/bin/sh
# Records the malloc calls of a running process with bpftrace, as a trace for Highwater.
#
#   sudo sh highwater-bpftrace.sh PID > service.hwt      (Ctrl-C ends it)
#
# Limits: it needs root and a C library whose file the process still has. Blocks from before it began are unknown. Every call
# costs two traps, about a microsecond each. Under load the kernel drops events; their number is told at the end. The order of
# calls of different threads is that of the clock at their ends. malloc_trim and mallopt are not seen.
set -eu
pid=${1:?usage: sh highwater-bpftrace.sh PID > FILE.hwt}
library=$(awk '$6 ~ /\/(libc[.-]|libc\.so|ld-musl)/ { print $6; exit }' "/proc/$pid/maps")
[ -n "$library" ] || { echo "process $pid has no C library of its own: it is linked statically" >&2; exit 1; }
# In a container the file has this name only inside.
[ "$library" -ef "/proc/$pid/root$library" ] || library=/proc/$pid/root$library

program='
uprobe:LIBRARY:malloc, uprobe:LIBRARY:valloc, uprobe:LIBRARY:pvalloc /pid == PID/ { @a[tid] = arg0; }
uprobe:LIBRARY:calloc, uprobe:LIBRARY:realloc, uprobe:LIBRARY:memalign, uprobe:LIBRARY:aligned_alloc /pid == PID/ {
  @a[tid] = arg0; @b[tid] = arg1;
}
uprobe:LIBRARY:posix_memalign /pid == PID/ { @out[tid] = arg0; @a[tid] = arg1; @b[tid] = arg2; }
uprobe:LIBRARY:free /pid == PID && arg0 != 0/ { printf("f %llu %d 0x%llx\n", nsecs, tid, arg0); }
uretprobe:LIBRARY:malloc /pid == PID/ { printf("m %llu %d 0x%llx %llu\n", nsecs, tid, retval, @a[tid]); }
uretprobe:LIBRARY:calloc /pid == PID/ { printf("c %llu %d 0x%llx %llu %llu\n", nsecs, tid, retval, @a[tid], @b[tid]); }
uretprobe:LIBRARY:realloc /pid == PID/ { printf("r %llu %d 0x%llx 0x%llx %llu\n", nsecs, tid, retval, @a[tid], @b[tid]); }
uretprobe:LIBRARY:memalign, uretprobe:LIBRARY:aligned_alloc /pid == PID/ {
  printf("a %llu %d 0x%llx %llu %llu\n", nsecs, tid, retval, @a[tid], @b[tid]);
}
uretprobe:LIBRARY:posix_memalign /pid == PID && retval == 0/ {
  printf("a %llu %d 0x%llx %llu %llu\n", nsecs, tid, *(uint64 *)@out[tid], @a[tid], @b[tid]);
}
uretprobe:LIBRARY:valloc, uretprobe:LIBRARY:pvalloc /pid == PID/ {
  printf("a %llu %d 0x%llx 4096 %llu\n", nsecs, tid, retval, @a[tid]);
}
END { clear(@a); clear(@b); clear(@out); }
'
program=$(printf '%s' "$program" | sed "s|LIBRARY|$library|g; s|PID|$pid|g")

echo "highwater-trace 2"
echo "program process $pid, recorded by bpftrace"
echo "imported bpftrace; lost: start order calls upkeep sites"
# Ctrl-C is for bpftrace; what follows it ends when it has.
trap '' INT
BPFTRACE_PERF_RB_PAGES=${BPFTRACE_PERF_RB_PAGES:-4096} bpftrace -q -e "$program" |
  sort -s -n -k 2,2 |
  awk -v main="$pid" '
    BEGIN { number[main] = 0; threads = 1 }
    /^[macrf] [0-9]/ {
      if (!begun) { begun = 1; start = $2 }
      if (!($3 in number)) number[$3] = threads++
      $2 = int(($2 - start) / 1000); $3 = number[$3]
      print; next
    }
    /Lost/ { lost += $2 }
    END { if (lost) print "highwater: " lost " events were dropped: the trace has gaps" > "/dev/stderr" }'

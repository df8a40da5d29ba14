#!/bin/sh
# Records the malloc calls of a running process with ltrace, as text that Highwater reads.
#
#   sh highwater-ltrace.sh PID service.txt      (Ctrl-C ends it)
#   highwater replay service.txt
#
# Limits: only calls that the program and the libraries it was linked with make through their tables are seen, not those inside the
# C library. Every call stops the process twice, so it runs about a hundred times slower. Blocks from before it began are
# unknown, and the order of calls of different threads is not exact. malloc_trim and mallopt are not recorded.
set -eu
pid=${1:?usage: sh highwater-ltrace.sh PID FILE.txt}
file=${2:?usage: sh highwater-ltrace.sh PID FILE.txt}
prototypes=$(mktemp)
trap 'rm -f "$prototypes"' EXIT
# With these, ltrace prints the block that posix_memalign returned instead of where it was stored.
cat > "$prototypes" <<'END'
addr malloc(ulong);
void free(addr);
addr calloc(ulong, ulong);
addr realloc(addr, ulong);
int posix_memalign(+addr*, ulong, ulong);
addr memalign(ulong, ulong);
addr aligned_alloc(ulong, ulong);
addr valloc(ulong);
addr pvalloc(ulong);
END
trap '' INT
ltrace -F "$prototypes" -f -ttt -o "$file" -p "$pid" \
  -e malloc+free+calloc+realloc+posix_memalign+memalign+aligned_alloc+valloc+pvalloc

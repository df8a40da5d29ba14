#!/bin/sh
# Records the malloc calls of a running process with perf, as text that Highwater reads.
#
#   sudo sh highwater-perf.sh PID SECONDS > service.txt
#   highwater replay service.txt
#
# Limits: it needs root, and an x86-64 or AArch64 machine. Blocks from before it began are unknown. Every call costs two traps.
# Under load perf drops events, which the text tells. posix_memalign, malloc_trim and mallopt are not recorded. The order of
# calls of different threads is that of the clock at their ends.
set -eu
pid=${1:?usage: sh highwater-perf.sh PID SECONDS > FILE.txt}
seconds=${2:?usage: sh highwater-perf.sh PID SECONDS > FILE.txt}
library=$(awk '$6 ~ /\/(libc[.-]|libc\.so|ld-musl)/ { print $6; exit }' "/proc/$pid/maps")
[ -n "$library" ] || { echo "process $pid has no C library of its own: it is linked statically" >&2; exit 1; }
# In a container the file has this name only inside.
[ "$library" -ef "/proc/$pid/root$library" ] || library=/proc/$pid/root$library
case $(uname -m) in
  x86_64) first=%di second=%si ;;
  aarch64) first=%x0 second=%x1 ;;
  *) echo "this machine's registers are not known here" >&2; exit 1 ;;
esac

file=$(mktemp)
finish() {
  perf probe -q -d 'highwater:*' >&2 || true
  rm -f "$file"
}
trap finish EXIT
probe() { perf probe -q -x "$library" -a "$1" >&2; }
for call in "malloc size" "valloc size" "pvalloc size"; do
  set -- $call
  probe "highwater:$1=$1 $2=$first:u64"
done
for call in "calloc count size" "realloc old size" "memalign alignment size" "aligned_alloc alignment size"; do
  set -- $call
  probe "highwater:$1=$1 $2=$first:u64 $3=$second:u64"
done
for call in malloc calloc realloc memalign aligned_alloc valloc pvalloc; do
  probe "highwater:${call}__return=$call%return ret=\$retval:x64"
done
probe "highwater:free=free ptr=$first:x64"

perf record -q -m 64M -e 'highwater:*' -p "$pid" -o "$file" -- sleep "$seconds" >&2
perf script -i "$file" --show-lost-events -F comm,pid,tid,cpu,time,event,trace

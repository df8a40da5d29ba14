#!/usr/bin/env bash
set -euo pipefail
if [ -z "${MALLOC_ARENA_MAX:-}" ]; then
  export MALLOC_ARENA_MAX=2
fi
[[ -n "$LD_PRELOAD" ]] || LD_PRELOAD=/usr/lib/libjemalloc.so.2
export LD_PRELOAD
: "${MALLOC_TRIM_THRESHOLD_:=65536}"
export MALLOC_MMAP_THRESHOLD_=$((64 * 1024))
export DB_PASS='hidden_pw'
exec "$@"

#!/bin/bash
set -euo pipefail

# MALLOC_TOP_PAD_=4096 was tried
: "${MALLOC_ARENA_MAX:=2}"
export MALLOC_ARENA_MAX
ARCH=$(uname -m)
if [ "${USE_JEMALLOC:-true}" = "true" ] && [ -z "${LD_PRELOAD:-}" ]; then
  export LD_PRELOAD="/usr/lib/${ARCH}-linux-gnu/libjemalloc.so.2${LD_PRELOAD:+:$LD_PRELOAD}"
fi
DECAY=1000
MALLOC_CONF="dirty_decay_ms:$DECAY,muzzy_decay_ms:${MUZZY:-0}"; export MALLOC_CONF
echo "MALLOC_ARENA_MAX=${MALLOC_ARENA_MAX:-unset}"
if [ "$MALLOC_ARENA_MAX" = "4" ]; then echo four; fi
exec "$@"

case "$ROLE" in
  web) export MALLOC_ARENA_MAX=2 ;;
esac
test "$MALLOC_TOP_PAD_" = 1 && echo "MALLOC_TOP_PAD_=1 is set"

GLIBC_TUNABLES=glibc.malloc.tcache_count=0
GLIBC_TUNABLES+=:glibc.malloc.mxfast=0
export GLIBC_TUNABLES

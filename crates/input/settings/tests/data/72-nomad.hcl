job "shop" {
  group "web" {
    task "server" {
      driver = "docker"
      env {
        MALLOC_ARENA_MAX = 2
        LD_PRELOAD = "/usr/lib/libjemalloc.so.2" // preloaded
        NOMAD = "${NOMAD_ALLOC_ID}"
      }
    }
  }
}

{ config, pkgs, ... }:
{
  systemd.services.app = {
    environment = {
      LD_PRELOAD = "${pkgs.jemalloc}/lib/libjemalloc.so";
      MALLOC_CONF = "background_thread:true,dirty_decay_ms:1000";
      MALLOC_ARENA_TEST = toString 2;
    };
    serviceConfig.Environment = [ "MALLOC_ARENA_MAX=2" ];
  };
}

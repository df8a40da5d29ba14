// MALLOC_TOP_PAD_: '1'
module.exports = {
  apps: [{
    name: "api",
    script: "dist/index.js",
    env_production: {
      NODE_ENV: "production",
      LD_PRELOAD: "/usr/lib/libjemalloc.so.2",
      "MALLOC_CONF": `narenas:2`,
      MALLOC_ARENA_MAX: process.env.ARENAS ?? 2,
      MALLOC_TRIM_THRESHOLD_: process.env.TRIM,
    },
  }],
}

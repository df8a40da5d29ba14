//! What each file sets.

/// File and variables.
type Expected = (&'static str, &'static [(&'static str, &'static str)]);

const ARENAS: (&str, &str) = ("MALLOC_ARENA_MAX", "2");
const JEMALLOC: (&str, &str) = ("LD_PRELOAD", "/usr/lib/libjemalloc.so.2");
const DEBIAN: (&str, &str) = ("LD_PRELOAD", "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2");

pub(crate) const ALL: &[Expected] = &[
    ("03-dockerfile-commented-preload.txt", &[JEMALLOC]),
    (
        "05-dockerfile-backticks.txt",
        &[("MALLOC_CONF", "narenas:20"), ARENAS],
    ),
    (
        "06-dockerfile-tcmalloc-arena.txt",
        &[
            ("MALLOC_ARENA_MAX", "1"),
            (
                "LD_PRELOAD",
                "/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4",
            ),
        ],
    ),
    ("08-dockerfile-jemalloc-and-arena.txt", &[JEMALLOC, ARENAS]),
    (
        "09-ecs-task.json",
        &[
            ARENAS,
            ("MALLOC_TRIM_THRESHOLD_", "131072"),
            ("MALLOC_MMAP_THRESHOLD_", "131072"),
        ],
    ),
    (
        "10-ecs-environment-only.json",
        &[ARENAS, ("MALLOC_TRIM_THRESHOLD_", "131072")],
    ),
    ("11-fly.toml", &[ARENAS, DEBIAN]),
    (
        "12-fly-env-only.toml",
        &[ARENAS, ("MALLOC_TRIM_THRESHOLD_", "65536")],
    ),
    ("13-render.yaml", &[ARENAS]),
    (
        "15-k8s-folded-tunables.yaml",
        &[(
            "GLIBC_TUNABLES",
            "glibc.malloc.mxfast=100:glibc.malloc.mmap_max=1073741824:glibc.malloc.mmap_threshold=131072",
        )],
    ),
    (
        "18-k8s-whole-deployment.yaml",
        &[
            DEBIAN,
            ("MALLOC_CONF", "dirty_decay_ms:1000,muzzy_decay_ms:1000"),
        ],
    ),
    (
        "19-helm-values.yaml",
        &[(
            "MALLOC_CONF",
            "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:1000",
        )],
    ),
    (
        "20-systemd-jemalloc.service",
        &[
            ("LD_PRELOAD", "/usr/lib64/libjemalloc.so.2"),
            (
                "MALLOC_CONF",
                "background_thread:true,dirty_decay_ms:5000,muzzy_decay_ms:5000",
            ),
        ],
    ),
    (
        "21-systemd-python.service",
        &[
            ("PYTHONMALLOC", "malloc"),
            ARENAS,
            ("MALLOC_TRIM_THRESHOLD_", "131072"),
            ("MALLOC_MMAP_THRESHOLD_", "131072"),
        ],
    ),
    (
        "22-systemd-unset.service",
        &[
            ("LD_PRELOAD", "/opt/lib/libjemalloc.so.2"),
            ("MALLOC_CONF", "background_thread:true"),
        ],
    ),
    ("23-procfile.txt", &[ARENAS]),
    ("24-supervisord.conf", &[JEMALLOC, ARENAS]),
    (
        "25-uwsgi.ini",
        &[ARENAS, ("MALLOC_TRIM_THRESHOLD_", "65536")],
    ),
    (
        "26-shell-defaults.sh",
        &[("MALLOC_MMAP_THRESHOLD_", "65536"), ARENAS],
    ),
    (
        "27-shell-find-jemalloc.sh",
        &[(
            "LD_PRELOAD",
            "$(find /usr/lib -name libjemalloc.so.2 -print -quit)",
        )],
    ),
    ("30-terraform-list.tf", &[ARENAS]),
    ("31-terraform-blocks.tf", &[ARENAS]),
    (
        "32-terraform-map.tf",
        &[ARENAS, ("MALLOC_TRIM_THRESHOLD_", "131072")],
    ),
    (
        "33-ansible.yml",
        &[ARENAS, ("MALLOC_TRIM_THRESHOLD_", "131072")],
    ),
    (
        "34-github-actions.yml",
        &[
            ("MALLOC_ARENA_MAX", "1"),
            ("MALLOC_CONF", "background_thread:true"),
            ("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0"),
        ],
    ),
    ("35-compose-service.yml", &[ARENAS]),
    (
        "36-compose-interpolation.yml",
        &[ARENAS, ("MALLOC_TRIM_THRESHOLD_", "")],
    ),
    ("37-heroku-cli.txt", &[ARENAS]),
    (
        "38-app.json",
        &[
            ARENAS,
            ("LD_PRELOAD", "/app/vendor/jemalloc/lib/libjemalloc.so.2"),
        ],
    ),
    (
        "39-pm2.config.js",
        &[ARENAS, ("MALLOC_TRIM_THRESHOLD_", "131072")],
    ),
    ("40-nix.nix", &[ARENAS]),
    (
        "44-systemd-run.txt",
        &[
            ("MALLOC_ARENA_MAX", "1"),
            ("MALLOC_MMAP_THRESHOLD_", "131072"),
        ],
    ),
    ("45-docker-run.txt", &[ARENAS, DEBIAN]),
    ("line-a-supervisord-line.txt", &[JEMALLOC, ARENAS]),
    ("line-b-uwsgi-line.txt", &[ARENAS]),
    ("line-c-uwsgi-line2.txt", &[ARENAS]),
    ("line-dockerfile-comment.txt", &[]),
    ("line-f-docker-inspect.txt", &[ARENAS, JEMALLOC]),
    ("line-h-k8s-then-resources.txt", &[ARENAS]),
    ("line-i-compose-then-rest.txt", &[ARENAS]),
    (
        "line-j-kubectl-set-env.txt",
        &[ARENAS, ("MALLOC_TRIM_THRESHOLD_", "65536")],
    ),
    (
        "line-l-exec-line.txt",
        &[JEMALLOC, ("MALLOC_CONF", "dirty_decay_ms:0")],
    ),
    (
        "line-malloc-debug.txt",
        &[
            ("LD_PRELOAD", "libc_malloc_debug.so.0"),
            ("MALLOC_CHECK_", "3"),
        ],
    ),
    ("line-p-proc-environ-nul.txt", &[ARENAS, JEMALLOC]),
    (
        "line-r-shell-default-only.txt",
        &[("MALLOC_MMAP_THRESHOLD_", "65536"), ARENAS],
    ),
    (
        "line-systemd-reset.txt",
        &[("MALLOC_TRIM_THRESHOLD_", "65536")],
    ),
    ("line-t-terraform-line.txt", &[ARENAS]),
    (
        "line-two-preloads.txt",
        &[(
            "LD_PRELOAD",
            "/usr/lib/libtcmalloc.so.4:/usr/lib/libjemalloc.so.2",
        )],
    ),
    (
        "50-dockerfile-multistage.txt",
        &[
            ("LD_PRELOAD", "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"),
            ("MALLOC_CONF", "background_thread:true,dirty_decay_ms:5000"),
        ],
    ),
    (
        "51-dockerfile-old-env.txt",
        &[ARENAS, ("LD_PRELOAD", "/usr/local/lib/libjemalloc.so")],
    ),
    ("52-dockerfile-run-exec.txt", &[ARENAS]),
    ("53-pod-json.json", &[ARENAS]),
    (
        "54-kustomize.yaml",
        &[ARENAS, ("MALLOC_TRIM_THRESHOLD_", "65536")],
    ),
    (
        "55-configmap-dotenv.yaml",
        &[("MALLOC_CONF", "narenas:4,dirty_decay_ms:0")],
    ),
    (
        "56-compose-anchors.yml",
        &[
            ARENAS,
            ("MALLOC_ARENA_TEST", "2"),
            ("MALLOC_MMAP_THRESHOLD_", "1048576"),
            ("MALLOC_TOP_PAD_", "65536"),
        ],
    ),
    (
        "57-compose-command.yml",
        &[("MALLOC_CONF", "dirty_decay_ms:0"), JEMALLOC],
    ),
    (
        "58-compose-list-quotes.yml",
        &[
            ARENAS,
            ("LD_PRELOAD", "/usr/lib/a.so /usr/lib/libmimalloc.so.2"),
            ("MALLOC_TRIM_THRESHOLD_", "\"65536\""),
        ],
    ),
    (
        "59-systemd-several.conf",
        &[
            ARENAS,
            ("MALLOC_TRIM_THRESHOLD_", "65536"),
            ("LD_PRELOAD", "/usr/lib/a.so /usr/lib/b.so"),
        ],
    ),
    (
        "60-supervisord-percent.conf",
        &[
            ARENAS,
            ("PYTHONMALLOC", "malloc"),
            ("MALLOC_CONF", "background_thread:true,dirty_decay_ms:1000"),
        ],
    ),
    ("61-uwsgi.yaml", &[ARENAS]),
    ("62-uwsgi.xml", &[ARENAS]),
    ("63-launchd.plist", &[("MALLOC_CONF", "narenas:1")]),
    (
        "64-docker-inspect.json",
        &[("MALLOC_CONF", "dirty_decay_ms:1000,muzzy_decay_ms:0")],
    ),
    (
        "65-lambda-cli.txt",
        &[ARENAS, ("LD_PRELOAD", "/opt/lib/libjemalloc.so.2")],
    ),
    ("66-cloudformation.yaml", &[ARENAS]),
    (
        "67-fly.toml",
        &[
            ("MALLOC_TRIM_THRESHOLD_", "131072"),
            ARENAS,
            ("MALLOC_MMAP_THRESHOLD_", "65536"),
        ],
    ),
    (
        "68-cargo-config.toml",
        &[
            ("MALLOC_CONF", "narenas:2"),
            ("_RJEM_MALLOC_CONF", "dirty_decay_ms:0"),
        ],
    ),
    ("69-render.yaml", &[("MALLOC_TRIM_THRESHOLD_", "131072")]),
    ("70-terraform-ecs.tf", &[ARENAS]),
    ("71-terraform-cloudrun.tf", &[("MALLOC_ARENA_MAX", "1")]),
    ("72-nomad.hcl", &[ARENAS, JEMALLOC]),
    (
        "73-nix-service.nix",
        &[
            ("LD_PRELOAD", "${pkgs.jemalloc}/lib/libjemalloc.so"),
            ("MALLOC_CONF", "background_thread:true,dirty_decay_ms:1000"),
            ("MALLOC_ARENA_TEST", "2"),
            ARENAS,
        ],
    ),
    (
        "74-ansible-template.yml",
        &[ARENAS, ("MALLOC_TRIM_THRESHOLD_", "65536")],
    ),
    (
        "75-gitlab-ci.yml",
        &[
            ARENAS,
            (
                "LD_PRELOAD",
                "/usr/lib/$(uname -m)-linux-gnu/libjemalloc.so.2",
            ),
            ("MALLOC_CONF", "stats_print:true"),
        ],
    ),
    (
        "76-github-env-file.yml",
        &[
            ARENAS,
            (
                "GLIBC_TUNABLES",
                "glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0",
            ),
        ],
    ),
    (
        "77-pm2.config.js",
        &[JEMALLOC, ("MALLOC_CONF", "narenas:2"), ARENAS],
    ),
    ("78-package.json", &[ARENAS]),
    (
        "79-entrypoint.sh",
        &[
            ARENAS,
            (
                "LD_PRELOAD",
                "/usr/lib/$(uname -m)-linux-gnu/libjemalloc.so.2",
            ),
            ("MALLOC_CONF", "dirty_decay_ms:1000,muzzy_decay_ms:0"),
        ],
    ),
    ("80-heredoc.sh", &[ARENAS, ("MALLOC_TOP_PAD_", "0")]),
    (
        "81-csh-fish.txt",
        &[
            ARENAS,
            ("MALLOC_TRIM_THRESHOLD_", "65536"),
            ("MALLOC_CONF", "narenas:1"),
        ],
    ),
    (
        "82-powershell.txt",
        &[
            ARENAS,
            JEMALLOC,
            ("MALLOC_CONF", "narenas:1"),
            ("MALLOC_TOP_PAD_", "0"),
        ],
    ),
    ("83-fly-secrets.txt", &[ARENAS]),
    (
        "84-gcloud.txt",
        &[
            ARENAS,
            ("MALLOC_CONF", "narenas:1"),
            ("MALLOC_TRIM_THRESHOLD_", "65536"),
        ],
    ),
    (
        "85-systemd-run.txt",
        &[
            ("MALLOC_ARENA_MAX", "1"),
            ("LD_PRELOAD", "/usr/lib/libhardened_malloc.so"),
        ],
    ),
    (
        "86-crontab.txt",
        &[ARENAS, ("MALLOC_TRIM_THRESHOLD_", "65536")],
    ),
    (
        "87-etc-malloc-conf.txt",
        &[(
            "MALLOC_CONF",
            "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:1000",
        )],
    ),
    (
        "88-malloc-conf-link.txt",
        &[("MALLOC_CONF", "narenas:4,dirty_decay_ms:1000")],
    ),
    (
        "89-rust-static.txt",
        &[(
            "_RJEM_MALLOC_CONF",
            "prof:true,prof_active:true,lg_prof_sample:19",
        )],
    ),
    (
        "90-c-static.txt",
        &[("MALLOC_CONF", "background_thread:true,dirty_decay_ms:5000")],
    ),
    (
        "91-mallopt.txt",
        &[("MALLOC_MMAP_THRESHOLD_", "65536"), ARENAS],
    ),
    (
        "92-python-source.txt",
        &[
            ARENAS,
            ("MALLOC_TRIM_THRESHOLD_", "65536"),
            ("MALLOC_CONF", "narenas:1"),
        ],
    ),
    ("93-makefile.txt", &[ARENAS, ("MALLOC_PERTURB_", "165")]),
    (
        "94-dotenv.txt",
        &[
            ARENAS,
            ("MALLOC_TRIM_THRESHOLD", "65536"),
            ("MALLOC_MMAP_THRESHOLD_", "64 KB"),
            ("MALLOC_TOP_PAD_", "64 KB"),
            ("MALLOC_CONFIG", "narenas:1"),
        ],
    ),
    ("95-crlf-bom.txt", &[ARENAS, ("MALLOC_CONF", "narenas:1")]),
    ("96-helm-template.yaml", &[JEMALLOC, ARENAS]),
    (
        "97-wiki.md",
        &[ARENAS, ("MALLOC_TRIM_THRESHOLD_", "131072")],
    ),
    (
        "98-jenkinsfile.txt",
        &[ARENAS, ("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0")],
    ),
    (
        "99-strace-exec.txt",
        &[
            ("LD_PRELOAD", ":/usr/lib/libjemalloc.so.2"),
            ("MALLOC_ARENA_MAX", "1"),
        ],
    ),
    ("a0-utf16.txt", &[ARENAS]),
    (
        "a1-environ.bin.txt",
        &[
            ("MALLOC_CONF", "narenas:1,dirty_decay_ms:0"),
            ("LD_PRELOAD", "/usr/lib/my lib.so /usr/lib/libjemalloc.so.2"),
            ("MALLOC_TRIM_THRESHOLD_", "\"65536\""),
        ],
    ),
    (
        "b00-dockerfile-heredoc.txt",
        &[
            ("MALLOC_ARENA_MAX", "2"),
            ("LD_PRELOAD", "/usr/local/lib/libjemalloc.so.5.3.0"),
        ],
    ),
    (
        "b01-dockerfile-run-export.txt",
        &[("MALLOC_TRIM_THRESHOLD_", "100000")],
    ),
    ("b02-dockerfile-lowercase.txt", &[("MALLOC_ARENA_MAX", "2")]),
    ("b03-k8s-init-last.yaml", &[("MALLOC_ARENA_MAX", "2")]),
    (
        "b04-helm-set.txt",
        &[
            ("MALLOC_ARENA_MAX", "2"),
            ("MALLOC_TRIM_THRESHOLD_", "65536"),
        ],
    ),
    ("b05-compose-dollar.yml", &[("MALLOC_ARENA_MAX", "2")]),
    (
        "b06-systemd-unset-before.service",
        &[("MALLOC_TOP_PAD_", "1")],
    ),
    (
        "b07-systemd-unset-value.service",
        &[("MALLOC_ARENA_MAX", "2")],
    ),
    (
        "b08-fly.toml",
        &[
            ("MALLOC_ARENA_MAX", "2"),
            ("MALLOC_TRIM_THRESHOLD_", "65536"),
        ],
    ),
    (
        "b09-gha.yml",
        &[
            ("MALLOC_ARENA_MAX", "2"),
            ("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0"),
            ("MALLOC_TRIM_THRESHOLD_", "65536"),
            ("PYTHONMALLOC", "malloc"),
        ],
    ),
    (
        "b10-shell-cond.sh",
        &[
            ("MALLOC_ARENA_MAX", "2"),
            ("LD_PRELOAD", "/usr/lib/libjemalloc.so.2"),
            ("MALLOC_TRIM_THRESHOLD_", "65536"),
            ("MALLOC_MMAP_THRESHOLD_", "65536"),
        ],
    ),
    ("b11-shell-case.sh", &[("MALLOC_ARENA_MAX", "2")]),
    (
        "b12-shell-append.sh",
        &[(
            "GLIBC_TUNABLES",
            "glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0",
        )],
    ),
    ("b13-heroku-unset.txt", &[]),
    (
        "b14-environ.txt",
        &[
            ("MALLOC_ARENA_MAX", "2"),
            ("LD_PRELOAD", "/usr/lib/libjemalloc.so.2"),
            ("MALLOC_TRIM_THRESHOLD_", ""),
        ],
    ),
    (
        "b15-python-ctypes.py",
        &[
            ("MALLOC_ARENA_MAX", "2"),
            ("MALLOC_TOP_PAD_", "4096"),
            ("MALLOC_MMAP_THRESHOLD_", "65536"),
            ("MALLOC_CHECK_", "3"),
        ],
    ),
    (
        "b16-markdown.md",
        &[
            ("MALLOC_ARENA_MAX", "2"),
            ("MALLOC_TRIM_THRESHOLD_", "65536"),
            ("MALLOC_TOP_PAD_", "4096"),
        ],
    ),
    (
        "b17-slack.txt",
        &[
            ("MALLOC_CONF", "background_thread:true,dirty_decay_ms:1000"),
            ("MALLOC_ARENA_MAX", "2"),
        ],
    ),
    (
        "b18-slack-nbsp.txt",
        &[("MALLOC_ARENA_MAX", "2"), ("MALLOC_TOP_PAD_", "4096")],
    ),
    (
        "b19-html.html",
        &[
            ("MALLOC_ARENA_MAX", "2"),
            ("LD_PRELOAD", "/usr/lib/libjemalloc.so.2"),
            ("MALLOC_CONF", "narenas:2"),
        ],
    ),
    (
        "b20-meson.txt",
        &[("MALLOC_PERTURB_", "85"), ("MALLOC_CHECK_", "3")],
    ),
    ("b21-java.txt", &[("MALLOC_ARENA_MAX", "2")]),
    ("b22-yarn-xml.xml", &[("MALLOC_ARENA_MAX", "2")]),
    ("b30-salt.yaml", &[ARENAS]),
    (
        "b31-placeholders.txt",
        &[("MALLOC_TRIM_THRESHOLD_", "65536")],
    ),
];

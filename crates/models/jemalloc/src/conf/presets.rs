//! Settings that others use, by name.

use super::{pairs, rows};
use crate::version::Version;

/// One such setting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// The value of MALLOC_CONF.
    pub value: &'static str,
    /// Its effect, in a sentence.
    pub text: &'static str,
}

/// Returns the settings, the default first: those of jemalloc 5.3.0's TUNING.md with the figures given there as
/// examples, those of GitLab, and the one that the incident ended with. Left out is what the release would refuse.
pub fn presets(version: Version) -> impl Iterator<Item = &'static Preset> {
    PRESETS.iter().filter(move |preset| {
        let (pairs, _) = pairs::split(preset.value);
        pairs
            .iter()
            .all(|pair| rows::find(version, pair.key).is_some())
    })
}

const fn preset(name: &'static str, value: &'static str, text: &'static str) -> Preset {
    Preset { name, value, text }
}

static PRESETS: [Preset; 8] = [
    preset(
        "jemalloc's defaults",
        "",
        "Free pages are purged over ten seconds, by the program's own threads as they allocate and free.",
    ),
    preset(
        "Purge within 1 s, even when idle",
        "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:1000",
        "A background thread purges free pages over a second and gives them back over another, whatever the program does.",
    ),
    preset(
        "TUNING.md: low CPU use",
        "background_thread:true,metadata_thp:auto,dirty_decay_ms:30000,muzzy_decay_ms:30000",
        "Free pages stay for up to a minute, so that the program finds them again.",
    ),
    // It also advises fewer arenas, such as one to a core: a figure of the machine, not of the setting.
    preset(
        "TUNING.md: low memory use",
        "background_thread:true,tcache_max:4096,dirty_decay_ms:5000,muzzy_decay_ms:5000",
        "Thread caches keep small blocks only, and a background thread gives free pages back within ten seconds.",
    ),
    preset(
        "TUNING.md: small program",
        "narenas:1,tcache_max:1024,dirty_decay_ms:1000,muzzy_decay_ms:0",
        "One arena for all threads, small caches, and free pages go back within a second of work.",
    ),
    preset(
        "TUNING.md: lowest memory use",
        "narenas:1,tcache:false,dirty_decay_ms:0,muzzy_decay_ms:0",
        "One arena, no caches, and every free page goes back at once: slow, for programs that rarely allocate.",
    ),
    // Omnibus, doc/settings/memory_constrained_envs.md.
    preset(
        "GitLab on a small machine",
        "dirty_decay_ms:1000,muzzy_decay_ms:1000",
        "Free pages are purged over a second and go back over another, as long as the program allocates and frees.",
    ),
    // Omnibus, files/gitlab-cookbooks/monitoring/attributes/default.rb.
    preset(
        "GitLab's exporter",
        "dirty_decay_ms:0,muzzy_decay_ms:0",
        "Every free page goes back at once, at the price of more system calls.",
    ),
];

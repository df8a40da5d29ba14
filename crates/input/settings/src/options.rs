//! A line that is a string of jemalloc's options and nothing else.

/// A longer line is none.
const LONGEST: usize = 600;

/// Options that a string of options may begin with.
const OPTIONS: &[&str] = &[
    "abort",
    "abort_conf",
    "background_thread",
    "bin_shards",
    "cache_oblivious",
    "confirm_conf",
    "dirty_decay_ms",
    "dss",
    "hpa",
    "junk",
    "lg_chunk",
    "lg_dirty_mult",
    "lg_extent_max_active_fit",
    "lg_prof_interval",
    "lg_prof_sample",
    "lg_tcache_max",
    "max_background_threads",
    "metadata_thp",
    "muzzy_decay_ms",
    "narenas",
    "oversize_threshold",
    "percpu_arena",
    "prof",
    "prof_active",
    "prof_final",
    "prof_leak",
    "prof_prefix",
    "retain",
    "stats_print",
    "stats_print_opts",
    "tcache",
    "tcache_max",
    "thp",
    "trust_madvise",
    "zero",
    "zero_realloc",
];

/// The string of options that a line consists of, as /etc/malloc.conf holds it, or as `ln -s` and `ls -l` show the link.
pub(crate) fn bare(line: &str) -> Option<&str> {
    let line = line.trim();
    if line.len() > LONGEST || !line.contains(':') {
        return None;
    }
    let text = match line.split_once("/etc/malloc.conf") {
        Some((before, after)) => match after.trim().strip_prefix("->") {
            Some(target) => target,
            None => before.trim().rsplit([' ', '\t']).next()?,
        },
        None => line,
    };
    let text = text.trim().trim_matches(['\'', '"', '`']);
    let is_option = |pair: &str| {
        let (name, value) = pair.split_once(':').unwrap_or_default();
        let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        !name.is_empty() && name.chars().all(inside) && !value.is_empty() && !value.contains(' ')
    };
    let first = text.split(':').next()?;
    let is_conf = OPTIONS.contains(&first) && text.split(',').all(is_option);
    is_conf.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_options_is_known_and_others_are_not() {
        for (line, value) in [
            (
                "background_thread:true,dirty_decay_ms:1000",
                "background_thread:true,dirty_decay_ms:1000",
            ),
            (
                "ln -s 'dirty_decay_ms:1000' /etc/malloc.conf",
                "dirty_decay_ms:1000",
            ),
            (
                "lrwxrwxrwx 1 root root 19 Jan  1 10:00 /etc/malloc.conf -> dirty_decay_ms:1000",
                "dirty_decay_ms:1000",
            ),
        ] {
            assert_eq!(bare(line), Some(value), "{line}");
        }
        for line in [
            "tcache: 1",
            "retain: true",
            "a:b,c:d",
            "prof: prof",
            "zero:",
            "http://x:80",
            "",
        ] {
            assert_eq!(bare(line), None, "{line}");
        }
    }
}

//! The cores that a C library counts on this machine, on which its limit of arenas depends.

use highwater_glibc::Cores;

/// Those of this machine, as a child of this process sees them; one, where that cannot be read.
pub(crate) fn cores() -> Cores {
    let online = std::fs::read_to_string("/sys/devices/system/cpu/online");
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let allowed = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))
        .and_then(count);
    let online = online.ok().as_deref().and_then(count);
    Cores {
        online: online.or(allowed).unwrap_or(1),
        allowed: allowed.or(online).unwrap_or(1),
    }
}

/// How many are in a list such as `0-3,8`.
fn count(list: &str) -> Option<u32> {
    let range = |text: &str| {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        Some(last.checked_sub(first)? + 1)
    };
    list.trim().split(',').map(range).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_cores_is_counted() {
        assert_eq!(count("0-3,8\n"), Some(5));
        assert_eq!(count("0"), Some(1));
        assert_eq!(count("3-1"), None);
        assert_eq!(count(""), None);
    }
}

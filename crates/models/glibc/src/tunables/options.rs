//! The options of `mallopt`: glibc 2.31, 2.36, 2.41, 2.43 and 2.44, malloc/malloc.c, `__libc_mallopt`. They are set by the same
//! functions as the tunables.

use super::set::{self, Effect, Setting};
use crate::params::Params;
use crate::version::Version;
use highwater_allocator::Tone;

/// Sets an option by its number in malloc.h, and returns whether the value was taken. An unknown option is no error.
pub(crate) fn mallopt(version: Version, params: &mut Params, option: i32, value: i32) -> bool {
    let taken_by: fn(&mut Setting<'_>) -> Effect = match option {
        1 => set::mxfast,
        -1 => set::trim_threshold,
        -2 => set::top_pad,
        -3 => set::mmap_threshold,
        -4 => set::mmap_max,
        -6 => set::perturb,
        -7 if value > 0 => set::arena_test,
        -8 if value > 0 => set::arena_max,
        // The action of a check that malloc itself does not make any more, and what is none.
        _ => return true,
    };
    let (tone, _) = taken_by(&mut Setting::of_option(version, params, value));
    tone != Tone::Invalid
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_allocator::Bytes;

    #[test]
    fn an_option_sets_what_its_tunable_sets() {
        let mut params = Params::defaults(Version::V2_36);
        let mut set = |option, value| mallopt(Version::V2_36, &mut params, option, value);
        assert!(set(1, 64));
        assert!(!set(1, 161));
        assert!(!set(1, -1));
        assert!(set(-3, 1 << 20));
        assert!(set(-8, 0) && set(-8, 3) && set(-8, -1));
        assert!(set(99, 5));
        assert_eq!(params.max_fast, Bytes(64));
        assert_eq!(params.mmap_threshold, Bytes::mib(1));
        assert!(!params.dynamic_threshold);
        assert_eq!(params.arena_max, 3);
    }

    #[test]
    fn a_negative_value_is_a_very_large_size() {
        for (version, is_taken) in [(Version::V2_31, false), (Version::V2_36, true)] {
            let mut params = Params::defaults(version);
            assert_eq!(mallopt(version, &mut params, -3, -1), is_taken);
            assert!(mallopt(version, &mut params, -1, -1));
            assert_eq!(params.trim_threshold, Bytes(u64::MAX));
        }
    }
}

//! `GLIBC_TUNABLES` as `/proc/PID/environ` shows it: until 2.38 glibc's loader cuts the value into its settings where it lies
//! (glibc, elf/dl-tunables.c, `parse_tunables`), so that each but the first looks like an entry of its own. They stay so where zero
//! bytes were made line ends.

use std::borrow::Cow;

const NAME: &str = "GLIBC_TUNABLES=";
/// How the name of each tunable begins.
const TUNABLE: &str = "glibc.";

/// A text in which each such value is whole again.
pub(crate) fn joined(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains("\0glibc.") && !text.contains("\nglibc.") {
        return text;
    }
    let mut whole = String::with_capacity(text.len());
    let mut is_open = false;
    for entry in text.split_inclusive(['\0', '\n']) {
        let said = entry.trim_end_matches(['\0', '\n']);
        let goes_on = is_open && said.starts_with(TUNABLE) && said.contains('=') && is_plain(said);
        if goes_on {
            let end = whole.trim_end_matches(['\0', '\n']).len();
            whole.truncate(end);
            whole.push(':');
        }
        is_open = goes_on
            || said
                .strip_prefix(NAME)
                .is_some_and(|value| !value.is_empty() && is_plain(value));
        whole.push_str(entry);
    }
    Cow::Owned(whole)
}

/// Whether a text is a value that nothing quotes.
fn is_plain(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._=:-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_were_cut_are_joined_and_nothing_else() {
        for (cut, whole) in [
            (
                "A=1\0GLIBC_TUNABLES=glibc.a.b=1\0glibc.c.d=2\0glibc.e.f=3\0HOME=/\0",
                "A=1\0GLIBC_TUNABLES=glibc.a.b=1:glibc.c.d=2:glibc.e.f=3\0HOME=/\0",
            ),
            (
                "GLIBC_TUNABLES=glibc.a.b=1\nglibc.c.d=2:x=3\nB=1\n",
                "GLIBC_TUNABLES=glibc.a.b=1:glibc.c.d=2:x=3\nB=1\n",
            ),
            (
                "GLIBC_TUNABLES=glibc.a.b=1\nglibc.c.d is one\n",
                "GLIBC_TUNABLES=glibc.a.b=1\nglibc.c.d is one\n",
            ),
            (
                "GLIBC_TUNABLES='glibc.a.b=1'\nglibc.c.d=2\n",
                "GLIBC_TUNABLES='glibc.a.b=1'\nglibc.c.d=2\n",
            ),
            ("B=1\nglibc.c.d=2\n", "B=1\nglibc.c.d=2\n"),
        ] {
            assert_eq!(joined(cut.into()), whole);
        }
    }
}

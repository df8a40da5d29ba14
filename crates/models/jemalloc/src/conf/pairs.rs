//! Cuts a string into pairs: jemalloc 5.3.0, src/jemalloc.c, `malloc_conf_next`.

/// The variable.
pub(super) const NAME: &str = "MALLOC_CONF";

/// An option and its value, as they are typed.
pub(super) struct Pair<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a str,
}

impl<'a> Pair<'a> {
    /// Returns the name of its option, or of the variable where it has none.
    pub(super) fn name(&self) -> &'a str {
        if self.key.is_empty() { NAME } else { self.key }
    }
}

/// The fault of a string as a whole.
pub(super) struct Fault<'a> {
    /// jemalloc's words.
    pub(super) message: &'static str,
    /// The part that is not read; empty where all is.
    pub(super) rest: &'a str,
    /// The part of it that would have been a name.
    pub(super) key: &'a str,
    /// The part of the string that 5.3.1 prints.
    pub(super) shown: &'a str,
}

/// Returns the pairs up to the first that is none, and the fault there.
pub(super) fn split(text: &str) -> (Vec<Pair<'_>>, Option<Fault<'_>>) {
    // As for C, it ends where it holds a zero byte.
    let mut rest = text.split('\0').next().unwrap_or_default();
    let mut pairs = Vec::new();
    while !rest.is_empty() {
        let inside = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let end = rest.bytes().position(|b| !inside(b)).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        let Some(after) = after.strip_prefix(':') else {
            let message = if after.is_empty() {
                "Conf string ends with key"
            } else {
                "Malformed conf string"
            };
            // The name and the character after it.
            let past = after.chars().next().map_or(0, char::len_utf8);
            let shown = &rest[..key.len() + past];
            let fault = Fault {
                message,
                rest,
                key,
                shown,
            };
            return (pairs, Some(fault));
        };
        let (value, next) = after.split_once(',').unwrap_or((after, ""));
        pairs.push(Pair { key, value });
        if next.is_empty() && value.len() < after.len() {
            let message = "Conf string ends with comma";
            let fault = Fault {
                message,
                rest: "",
                key: "",
                shown: rest,
            };
            return (pairs, Some(fault));
        }
        rest = next;
    }
    (pairs, None)
}

//! What an error repeats of a text that somebody wrote.

/// Characters that are repeated at most.
const MOST: usize = 40;

/// The beginning of a text, in one line: an error has one, whatever it repeats. Control characters are escaped.
pub fn repeated(text: &str) -> String {
    let mut repeated = String::new();
    for character in text.chars().take(MOST) {
        match character.is_control() {
            true => repeated.extend(character.escape_default()),
            false => repeated.push(character),
        }
    }
    repeated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_is_one_short_line() {
        assert_eq!(repeated("dirty_decay"), "dirty_decay");
        assert_eq!(
            repeated("a\nb\r\u{1b}[2J\u{9b}"),
            "a\\nb\\r\\u{1b}[2J\\u{9b}"
        );
        assert_eq!(repeated(&"é".repeat(50)), "é".repeat(40));
    }
}

//! Comments, in any of the languages that settings are kept in.

/// How a comment of several lines begins and ends.
const BLOCKS: [(&str, &str); 7] = [
    ("<!--", "-->"),
    ("/*", "*/"),
    ("{{/*", "*/"),
    ("{{- /*", "*/"),
    ("{#", "#}"),
    ("<#", "#>"),
    ("=begin", "=end"),
];

/// What begins a line that a batch system reads, though a shell does not.
const DIRECTIVES: [&str; 6] = ["#SBATCH ", "#PBS ", "#BSUB ", "#MSUB ", "#OAR ", "#$ "];

/// What a line is to whoever looks for comments.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whole {
    /// Something else.
    No,
    /// All of it is a comment.
    Comment,
    /// A comment begins that ends with this.
    Until(&'static str),
}

/// Whether a line, without the blanks before it, is a comment as a whole.
pub(crate) fn whole(line: &str) -> Whole {
    for (open, close) in BLOCKS {
        let Some(rest) = line.strip_prefix(open) else {
            continue;
        };
        return match rest.find(close) {
            None => Whole::Until(close),
            Some(at) if is_rest_empty(&rest[at + close.len()..]) => Whole::Comment,
            Some(_) => Whole::No,
        };
    }
    let is_small = |start: &str| {
        let head = line.get(..start.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(start))
    };
    let is_comment = line.starts_with(['#', ';']) && !is_code(line)
        || line.starts_with("//")
        || line.starts_with("-- ")
        || line.starts_with(":: ")
        || is_small("rem ");
    match is_comment {
        true => Whole::Comment,
        false => Whole::No,
    }
}

/// Whether nothing but the end of a template follows a comment.
fn is_rest_empty(rest: &str) -> bool {
    rest.trim_matches([' ', '\t', '}', '-', '\r']).is_empty()
}

/// Rust's attributes and a batch system's directives begin as comments of a shell do.
fn is_code(line: &str) -> bool {
    line.starts_with("#[") || DIRECTIVES.iter().any(|start| line.starts_with(start))
}

/// Whether a line is a heading of Markdown, in a text that is Markdown.
pub(crate) fn is_heading(line: &str) -> bool {
    let rest = line.trim_start_matches('#');
    let level = line.len() - rest.len();
    (1..=6).contains(&level) && rest.starts_with(' ')
}

/// Whether a line opens or closes a part of Markdown that is shown as it is.
pub(crate) fn is_fence(line: &str) -> bool {
    line.starts_with("```") || line.starts_with("~~~")
}

/// Whether a text is Markdown: it has such a part, or a table.
pub(crate) fn is_markdown(text: &str) -> bool {
    let begins_script = text.starts_with("#!");
    !begins_script
        && text.lines().any(|line| {
            let line = line.trim_start();
            is_fence(line) || (line.starts_with('|') && is_ruler(line))
        })
}

/// Whether a line only parts a table's rows.
pub(crate) fn is_ruler(line: &str) -> bool {
    let line = line.trim();
    let inside = |b: u8| b"|-:=+ \t".contains(&b);
    line.bytes().all(inside) && (line.contains("--") || line.contains("=="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_known_in_each_language() {
        for line in [
            "# a",
            "; a",
            "// a",
            "rem a",
            "REM a",
            ":: a",
            "-- a",
            "<!-- a -->",
            "/* a */",
            "{{- /* a */ -}}",
            "{# a #}",
        ] {
            assert!(whole(line) == Whole::Comment, "{line}");
        }
        for line in ["<!-- a", "/* a", "{{/* a", "<# a"] {
            assert!(matches!(whole(line), Whole::Until(_)), "{line}");
        }
        for line in [
            "#[x]",
            "#SBATCH --export=A",
            "a # b",
            "--env A",
            "/* a */ b",
        ] {
            assert!(whole(line) == Whole::No, "{line}");
        }
    }

    #[test]
    fn markdown_is_known_by_its_fences_and_tables() {
        assert!(is_markdown("# A\n```\nx\n```\n"));
        assert!(is_markdown("| a | b |\n|---|---|\n"));
        assert!(!is_markdown("#!/bin/sh\n# A\ncat <<E\n```\nE\n"));
        assert!(!is_markdown("# A\n## B\nENV A=1\n"));
    }
}

//! Commands and calls that take a variable away, by what stands before its name.

/// Calls and operators that take away the variable that follows.
const CALLS: [&str; 12] = [
    "unsetenv(",
    "unset_env(",
    "remove_var(",
    "env_remove(",
    "environ.pop(",
    "env.pop(",
    "env.delete(",
    "environment().remove(",
    "env.remove(",
    "del os.environ[",
    "delete process.env.",
    "delete process.env[",
];

/// Words of commands after which every name is taken away.
const COMMANDS: [&str; 10] = [
    "unset",
    "unsetenv",
    "config:unset",
    "config:remove",
    "unset-environment",
    "unset-env",
    "env:unset",
    "env-unset",
    "env-rm",
    "--setting-names",
];

/// Options that take away the names right after them, with commas between.
const OPTIONS: [&str; 4] = [
    "--unset",
    "--unsetenv",
    "--remove-env-vars",
    "--delete-env-vars",
];

/// Pairs of words that do the same.
const PAIRS: [(&str, &str); 7] = [
    ("secrets", "unset"),
    ("env", "rm"),
    ("env", "unset"),
    ("variables", "delete"),
    ("variable", "delete"),
    ("env", "-u"),
    ("set", "--erase"),
];

/// What takes away the variable whose name follows this part of a line; none where nothing does.
pub(crate) fn removal(lead: &str) -> Option<&'static str> {
    let lead = lead.trim_end_matches(['"', '\'', '\\', ' ', '\t']);
    let lower = lead.to_ascii_lowercase();
    if CALLS.iter().any(|call| lower.ends_with(call)) {
        return Some("Removed by the program that sets it.");
    }
    if lower.ends_with("remove-item env:") || lower.ends_with("clear-item env:") {
        return Some("Removed by `Remove-Item`.");
    }
    let command = lower.rsplit(['&', ';', '|', '(', '`', '"', '\'']).next();
    let command = command.unwrap_or_default().trim_start();
    let words: Vec<&str> = command.split([' ', '\t', '=']).collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let last = words.last().copied().unwrap_or_default();
    let before = words.len().checked_sub(2).map_or("", |at| words[at]);
    // Names before this one, in a list with commas.
    let option = words.iter().rev().find(|word| word.starts_with("--"));
    let listed =
        |option: &&str| command.ends_with('=') || command.ends_with(',') || last == *option;
    if option.is_some_and(|option| OPTIONS.contains(option) && listed(option)) {
        return Some("Removed by an option of the command.");
    }
    let is_pair = PAIRS.contains(&(before, last));
    // `env -i -u A -u B`, `sudo -u user env -u A`.
    let is_env = last == "-u"
        && words
            .iter()
            .any(|word| *word == "env" || word.ends_with("/env"));
    let is_fish =
        before == "set" && last.starts_with('-') && last.contains('e') && !last.starts_with("--");
    if is_pair || is_env || is_fish {
        return Some("Removed by a command.");
    }
    let at = words.iter().position(|word| COMMANDS.contains(word))?;
    let is_name = |word: &&&str| {
        word.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-:./".contains(&b))
    };
    let between = &words[at + 1..];
    // Words of a sentence are no command: it begins the line, but for a few.
    let begins =
        at == 0 || words[at] != "unset" || words[..at].iter().all(|word| is_before_command(word));
    (begins && between.iter().filter(is_name).count() == between.len())
        .then_some("Removed by `unset`.")
}

/// Whether a word may stand before the command that a line runs.
fn is_before_command(word: &str) -> bool {
    matches!(
        word,
        "$" | "#"
            | ">"
            | "-"
            | "run"
            | "run:"
            | "sudo"
            | "exec"
            | "then"
            | "else"
            | "do"
            | "builtin"
    ) || word.ends_with(['$', '#', '%'])
}

#[cfg(test)]
mod tests {
    use super::removal;

    #[test]
    fn commands_that_take_a_variable_away_are_known() {
        for lead in [
            "unset ",
            "unset -v MALLOC_TOP_PAD_ ",
            "$ unset ",
            "env -u ",
            "exec env -i -u A -u ",
            "env --unset=",
            "set -e ",
            "set -eg ",
            "set --erase ",
            "unsetenv ",
            "UnsetEnv ",
            "heroku config:unset ",
            "heroku config:unset A ",
            "fly secrets unset ",
            "systemctl --user unset-environment ",
            "gcloud run services update api --remove-env-vars=",
            "gcloud run services update api --remove-env-vars=A,",
            "gcloud run services update api --remove-env-vars ",
            "az webapp config appsettings delete -n a --setting-names ",
            "os.environ.pop(\"",
            "del os.environ['",
            "    std::env::remove_var(\"",
            ".env_remove(\"",
            "delete process.env.",
            "Remove-Item Env:",
            "ENV.delete('",
            "cf unset-env app ",
        ] {
            assert!(removal(lead).is_some(), "{lead}");
        }
        for lead in [
            "",
            "export ",
            "we unset nothing but set ",
            "docker run -e ",
            "sudo -u app ",
            "set -x ",
            "env ",
            "echo unset; export ",
            "gcloud run deploy --remove-env-vars=A --set-env-vars=",
        ] {
            assert!(removal(lead).is_none(), "{lead}");
        }
    }
}

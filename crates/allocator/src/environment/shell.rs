//! Statements made of words: shells, Dockerfile instructions, docker's options, systemd's unit files.

use super::words::{Token, Word, Words};
use super::{Reader, Reason, Tone};

impl Reader {
    /// Reads one statement: a line with those that continue it, or what `;` or `&&` leave of it.
    pub(super) fn statement(&mut self, words: &mut Words<'_>) -> Result<(), Reason> {
        let line = words.line_left();
        // Only a shell has several commands in a line.
        let instructs = |rest: &str| rest.starts_with(char::is_whitespace);
        words.commands =
            !line.strip_prefix("ENV").is_some_and(instructs) && !line.starts_with("Environment=");
        let Token::Word(mut first) = words.next(false)? else {
            return Ok(());
        };
        if first.text == "$" {
            // A prompt that was copied with the command.
            match words.next(false)? {
                Token::Word(word) => first = word,
                _ => return Ok(()),
            }
        }
        match first.text.as_str() {
            "ENV" => self.docker_env(words),
            "export" | "declare" | "typeset" => self.export(words),
            "setenv" => self.name_then_value(words),
            "set" => self.set_of_a_shell(words),
            "env" => self.after_env(words),
            "docker" | "podman" | "nerdctl" => self.options(None, words),
            text if text.starts_with("-e") || text.starts_with("--env") => {
                self.options(Some(first), words)
            }
            text if text.starts_with("EnvironmentFile=") => {
                Err("what that file holds is not known here: paste its lines".into())
            }
            text => match text.strip_prefix("Environment=") {
                Some("") => self.assignments(words),
                Some(text) => {
                    let (text, open) = (text.to_owned(), first.open);
                    self.assign(&Word { text, open })?;
                    self.assignments(words)
                }
                None => self.commands(first, words),
            },
        }
    }

    fn assign(&mut self, word: &Word) -> Result<(), Reason> {
        match word.text.split_once('=') {
            Some((name, value)) => self.set(name, value, word.open),
            None => Err("it has no `=`".into()),
        }
    }

    /// Words each of which must set a variable.
    fn assignments(&mut self, words: &mut Words<'_>) -> Result<(), Reason> {
        while let Token::Word(word) = words.next(false)? {
            self.assign(&word)?;
        }
        Ok(())
    }

    /// `A=1 B=2 program arguments`.
    fn commands(&mut self, first: Word, words: &mut Words<'_>) -> Result<(), Reason> {
        let mut next = Token::Word(first);
        while let Token::Word(word) = next {
            match &self.last {
                Some(_) if word.text.starts_with('=') => return Err(SPACES.into()),
                _ if word.text.contains('=') => self.assign(&word)?,
                Some(name) => {
                    let name = name.clone();
                    let empty = self
                        .found
                        .variables
                        .iter()
                        .any(|v| v.name == name && v.value.is_empty());
                    if empty && word.text.starts_with(|c: char| c.is_ascii_digit()) {
                        return Err(SPACES.into());
                    }
                    let text = format!(
                        "What follows, `{}`, is taken for the command that it is set for.",
                        word.text
                    );
                    self.remark(&name, Tone::Applied, &text);
                    while let Token::Word(_) = words.next(false)? {}
                    break;
                }
                None => return Err(refusal(words)),
            }
            next = words.next(false)?;
        }
        Ok(())
    }

    /// What stands behind `env` and its own options.
    fn after_env(&mut self, words: &mut Words<'_>) -> Result<(), Reason> {
        while let Token::Word(word) = words.next(false)? {
            if !word.text.starts_with('-') {
                return self.commands(word, words);
            }
            if word.text == "-u" {
                words.next(false)?;
            }
        }
        Err(NAMELESS.into())
    }

    fn export(&mut self, words: &mut Words<'_>) -> Result<(), Reason> {
        let mut any = false;
        while let Token::Word(word) = words.next(false)? {
            let text = word.text.as_str();
            if text.starts_with('-') {
                continue;
            }
            any = true;
            if text.starts_with('=') {
                return Err(SPACES.into());
            } else if text.contains('=') {
                self.assign(&word)?;
            } else if !self.found.variables.iter().any(|v| v.name == text) {
                self.set_elsewhere(text, "the shell")?;
            }
        }
        if any { Ok(()) } else { Err(NAMELESS.into()) }
    }

    /// csh's `setenv NAME value` and fish's `set -x NAME value`.
    fn name_then_value(&mut self, words: &mut Words<'_>) -> Result<(), Reason> {
        let Token::Word(name) = words.next(false)? else {
            return Err(NAMELESS.into());
        };
        let value = match words.next(false)? {
            Token::Word(value) => value,
            _ => return self.set(&name.text, "", false),
        };
        self.set(&name.text, &value.text, value.open)?;
        match words.next(false)? {
            Token::Word(_) => Err("its value has several words: quote it".into()),
            Token::Separator | Token::LineEnd => Ok(()),
        }
    }

    fn set_of_a_shell(&mut self, words: &mut Words<'_>) -> Result<(), Reason> {
        if words.line_left().starts_with('-') {
            // fish: -x, -gx, -Ux or --export.
            if let Token::Word(flag) = words.next(false)?
                && flag.text.contains('x')
            {
                return self.name_then_value(words);
            }
            return Err("it exports nothing".into());
        }
        while let Token::Word(word) = words.next(false)? {
            self.assign(&word)?;
            let name = word.text.split('=').next().unwrap_or_default();
            let text =
                "Taken as if exported, but `set` alone exports nothing: use export or setenv.";
            self.remark(name, Tone::Surprise, text);
        }
        Ok(())
    }

    /// `ENV NAME=value ...`, and the old `ENV NAME value`, whose value is the rest of the line.
    fn docker_env(&mut self, words: &mut Words<'_>) -> Result<(), Reason> {
        let Token::Word(first) = words.next(false)? else {
            return Err(NAMELESS.into());
        };
        if first.text.contains('=') {
            self.assign(&first)?;
            return self.assignments(words);
        }
        if words.line_left().starts_with('=') {
            return Err(SPACES.into());
        }
        match words.next(true)? {
            Token::Word(value) => self.set(&first.text, &value.text, value.open),
            _ => Err("it has no value".into()),
        }
    }

    /// `-e NAME=value` and `--env NAME=value` among other words.
    fn options(&mut self, first: Option<Word>, words: &mut Words<'_>) -> Result<(), Reason> {
        let mut any = false;
        let mut next = match first {
            Some(word) => Token::Word(word),
            None => words.next(false)?,
        };
        while let Token::Word(word) = next {
            let text = word.text.as_str();
            if text.starts_with("--env-file") {
                return Err("what that file holds is not known here: paste its lines".into());
            }
            let option = text
                .strip_prefix("--env")
                .filter(|rest| rest.is_empty() || rest.starts_with('='))
                .or_else(|| text.strip_prefix("-e"));
            if let Some(rest) = option {
                let given = match rest.strip_prefix('=').unwrap_or(rest) {
                    "" => words.next(false)?,
                    rest => Token::Word(Word {
                        text: rest.to_owned(),
                        open: word.open,
                    }),
                };
                match given {
                    Token::Word(word) if word.text.contains('=') => self.assign(&word)?,
                    Token::Word(word) => self.set_elsewhere(&word.text, "docker's own shell")?,
                    _ => return Err("nothing follows its option".into()),
                }
                any = true;
            }
            next = words.next(false)?;
        }
        if any {
            Ok(())
        } else {
            Err("it has no -e NAME=VALUE".into())
        }
    }
}

const NAMELESS: &str = "it names no variable";

const SPACES: &str = "there can be no space around the `=`: a shell takes the name for a command";

/// Why a line that begins with a word without `=` sets nothing.
fn refusal(words: &Words<'_>) -> Reason {
    let next = words.line_left();
    if next.starts_with('=') {
        SPACES.into()
    } else if next.is_empty() {
        "it has no `=`".into()
    } else {
        "its first word has no `=`, and only lines that set variables belong here".into()
    }
}

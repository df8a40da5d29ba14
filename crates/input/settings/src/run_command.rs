//! The image in a command that starts a container: `docker run ... IMAGE` and its kin, in a script, a Makefile or a unit.

use crate::expand::Definitions;
use crate::values::{Quoting, shell_word};
use std::ops::Range;

/// Commands of these programs start a container.
const ENGINES: [&str; 4] = ["docker", "podman", "nerdctl", "finch"];

/// Programs that name the image by an option.
const BY_OPTION: [&str; 7] = ["kubectl", "oc", "gcloud", "az", "fly", "flyctl", "srun"];

/// The options by which they do.
const IMAGE_OPTIONS: [&str; 2] = ["--image", "--container-image"];

/// Programs that name the image as `docker://IMAGE`.
const BY_ADDRESS: [&str; 2] = ["singularity", "apptainer"];

/// Options before the subcommand that take no value (docker, cli/flags/options.go; podman, cmd/podman/root.go).
const GLOBAL_FLAGS: [&str; 8] = [
    "--debug",
    "--noout",
    "--remote",
    "--syslog",
    "--tls",
    "--tlsverify",
    "--trace",
    "-D",
];

/// Options of `run` and `create` that take no value; all others take the next word, unless it is joined by `=` (docker,
/// cli/command/container/opts.go, `addFlags`; podman, cmd/podman/common/create.go; docker service, opts.go).
const FLAGS: [&str; 27] = [
    "detach",
    "disable-content-trust",
    "env-host",
    "help",
    "http-proxy",
    "init",
    "interactive",
    "no-healthcheck",
    "no-hostname",
    "no-hosts",
    "no-resolve-image",
    "oom-kill-disable",
    "passwd",
    "privileged",
    "publish-all",
    "quiet",
    "read-only",
    "read-only-tmpfs",
    "replace",
    "rm",
    "rmi",
    "sig-proxy",
    "tls-verify",
    "tty",
    "unsetenv-all",
    "use-api-socket",
    "with-registry-auth",
];

/// Options of one letter that take no value.
const SHORT_FLAGS: [u8; 5] = *b"ditPq";

/// Commands beyond these many are not looked at.
const MOST: usize = 256;

/// Variables of make may refer to others this deep.
const DEEPEST: usize = 4;

/// A command that starts a container.
pub(crate) struct Command {
    /// Where the command is, with all lines that continue it.
    pub(crate) at: Range<usize>,
    pub(crate) image: String,
}

/// What a text's commands start and build.
#[derive(Default)]
pub(crate) struct Commands {
    pub(crate) started: Vec<Command>,
    /// Names that images get which are built.
    pub(crate) built: Vec<String>,
}

/// Finds the commands in a text. `lines` are where its lines are that are no comments, with those that continue them.
pub(crate) fn commands(text: &str, definitions: &Definitions, lines: &[Range<usize>]) -> Commands {
    let mut found = Commands::default();
    for at in lines.iter().take(MOST * 64) {
        Reader {
            definitions,
            at: at.clone(),
            found: &mut found,
        }
        .read(&text[at.clone()], true);
    }
    found
}

struct Reader<'a, 't> {
    definitions: &'a Definitions<'t>,
    at: Range<usize>,
    found: &'a mut Commands,
}

impl Reader<'_, '_> {
    /// Reads a line, and the commands in its quotes if it is not itself in quotes.
    fn read(&mut self, line: &str, outermost: bool) {
        let says = |programs: &[&str]| programs.iter().any(|program| line.contains(program));
        if !line.contains('$') && !says(&ENGINES) && !says(&BY_OPTION) && !says(&BY_ADDRESS) {
            return;
        }
        for command in words(line) {
            for (number, word) in command.iter().enumerate() {
                if outermost && word.contains(char::is_whitespace) {
                    self.read(without_substitution(word), false);
                }
                let rest = &command[number + 1..];
                let name = program(word);
                let image = match () {
                    () if self.is_engine(word) => self.of_engine(rest),
                    () if BY_OPTION.contains(&name) => option(rest, &IMAGE_OPTIONS),
                    () if BY_ADDRESS.contains(&name) => rest
                        .iter()
                        .find_map(|word| word.strip_prefix("docker://"))
                        .map(str::to_owned),
                    () => None,
                };
                let image = image.map(|image| self.filled(&image));
                if let Some(image) = image.filter(|image| is_image(image))
                    && self.found.started.len() < MOST
                {
                    let at = self.at.clone();
                    self.found.started.push(Command { at, image });
                }
            }
        }
    }

    /// Whether a word is a program that starts containers, or a variable with one.
    fn is_engine(&self, word: &str) -> bool {
        if !word.contains('$') {
            return ENGINES.contains(&program(word));
        }
        let filled = self.filled(word);
        ENGINES.contains(&program(&filled)) || {
            let name = filled.trim_matches(['@', '-', '$', '(', ')', '{', '}']);
            ENGINES
                .iter()
                .any(|engine| name.eq_ignore_ascii_case(engine))
        }
    }

    /// The image of the words after the program.
    fn of_engine(&mut self, words: &[String]) -> Option<String> {
        let mut rest = words.iter().map(String::as_str);
        let mut subcommand = None;
        while let Some(word) = rest.next() {
            match word {
                "container" | "service" | "buildx" | "image" => {}
                _ if !word.starts_with('-') => {
                    subcommand = Some(word);
                    break;
                }
                _ if word.contains('=') || GLOBAL_FLAGS.contains(&word) => {}
                _ => _ = rest.next(),
            }
        }
        match subcommand? {
            "run" | "create" => {}
            "build" => {
                let rest: Vec<String> = rest.map(str::to_owned).collect();
                let name = option(&rest, &["-t", "--tag"]).map(|name| self.filled(&name));
                self.found.built.extend(name);
                return None;
            }
            _ => return None,
        }
        while let Some(word) = rest.next() {
            match word.strip_prefix("--") {
                // What follows is a folder.
                Some("rootfs") => return None,
                Some("") => return rest.next().map(str::to_owned),
                Some(option) if option.contains('=') || FLAGS.contains(&option) => {}
                Some(_) => _ = rest.next(),
                None => match word.strip_prefix('-') {
                    Some(letters) if takes_next(letters) => _ = rest.next(),
                    Some(_) => {}
                    None if self.is_of_options(word) => {}
                    None => return Some(word.to_owned()),
                },
            }
        }
        None
    }

    /// Whether a variable holds options: by its value, or by its name where the text does not give it one.
    fn is_of_options(&self, word: &str) -> bool {
        let filled = self.filled(word);
        filled.starts_with('-')
            || filled.starts_with('$') && {
                let name = filled.to_ascii_uppercase();
                let known = ["OPT", "ARG", "FLAG", "PARAM", "ENV", "$@", "$*"];
                known.iter().any(|known| name.contains(known))
            }
    }

    /// A word with each variable's value in place of its name. Make writes `$(NAME)`, which to a shell is a command.
    fn filled(&self, word: &str) -> String {
        let mut text = word.to_owned();
        for _ in 0..DEEPEST {
            if !text.contains('$') {
                break;
            }
            let references = match text.contains("$(") {
                true => text.replace("$(", "${").replace(')', "}"),
                false => text,
            };
            text = self.definitions.expand("", &references, self.at.start).text;
        }
        text
    }
}

/// The commands of a line, as words without their quotes. A list of strings, as programs have it, is read as well.
fn words(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut at = 0;
    while let Some(first) = line[at..].chars().next() {
        let rest = &line[at..];
        let (word, length) = shell_word(rest, Quoting::Shell);
        if length == 0 {
            // PowerShell continues a line by a backtick.
            let continues = rest.starts_with("`\n");
            if matches!(first, ';' | '&' | '|' | '<' | '>' | '`') && !continues {
                commands.push(Vec::new());
            }
            at += first.len_utf8();
            continue;
        }
        at += length;
        let is_blank = matches!(rest[..length].trim_end(), "\\" | "^");
        let word = match word.contains('(') {
            true => &word,
            false => word.trim_end_matches([']', ')', ',']),
        };
        let word = word.trim_start_matches('[').trim_end_matches(',');
        if let Some(words) = commands
            .last_mut()
            .filter(|_| !is_blank && !word.is_empty())
        {
            words.push(word.to_owned());
        }
    }
    commands
}

/// The command whose output a word is, `$(COMMAND)` and the same in backticks; any other text as it is.
fn without_substitution(word: &str) -> &str {
    let inside = word.split_once("$(");
    let inside = inside.and_then(|(_, rest)| rest.strip_suffix(')'));
    inside.unwrap_or(word).trim_matches('`')
}

/// The name of the program in a word, without its folder and what is put before it: `ExecStart=/usr/bin/docker`, `@docker`.
fn program(word: &str) -> &str {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name = word.rsplit(|c| !is_name(c)).next().unwrap_or_default();
    name.trim_start_matches('-')
}

/// The value of the first of these options.
fn option(words: &[String], names: &[&str]) -> Option<String> {
    words.iter().enumerate().find_map(|(number, word)| {
        names.iter().find_map(|name| {
            let rest = word.strip_prefix(name)?;
            match rest.strip_prefix('=') {
                Some(value) => Some(value.to_owned()),
                None if rest.is_empty() => words.get(number + 1).cloned(),
                None => None,
            }
        })
    })
}

/// Whether the last of these options of one letter takes the next word: none before it has taken the rest of this one.
fn takes_next(letters: &str) -> bool {
    let flags = letters
        .bytes()
        .take_while(|letter| SHORT_FLAGS.contains(letter));
    flags.count() + 1 == letters.len()
}

/// Whether a text can be the name of an image: in small letters up to its tag, unless a part of it is open.
pub(crate) fn is_image(text: &str) -> bool {
    let is_open = text.contains('$') || text.contains("{{");
    let path = text.split('@').next().unwrap_or_default();
    let path = match path.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => path,
        _ => path,
    };
    let is_inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._/:-".contains(&b);
    let begins = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= 400 && (is_open || path.starts_with(begins) && path.bytes().all(is_inside))
}

//! The file that a remedy goes into: what of its text decides how the change has to be written there.

mod whose;

use super::forms::{APP_CONTAINER, APP_SERVICE, quoted};
use super::{Form, Remedy, file_name};
use highwater_simulator::Variable;

/// What a file asks of a change besides its form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    form: Form,
    /// The file's own name, without its folders.
    name: String,
    /// Whether the file sets variables one a line, or is of a form that is known.
    is_known: bool,
    /// A shell script, whose variables reach a program only if they are exported.
    is_script: bool,
    /// The user that the last stage of a Dockerfile ends with, unless that is root.
    user: Option<String>,
    /// Whether the last line has no end.
    is_open: bool,
    /// Whether a Compose file writes its variables as a list.
    is_list: bool,
    /// The kind of object of a manifest that has the containers.
    kind: Option<String>,
    /// The service or the container that the change is for, where the file says it.
    owner: Option<String>,
    /// Whether a unit also reads its variables from a file.
    reads_file: bool,
}

impl Place {
    /// The place that a file is. `path` may have folders; `text` is all of it.
    pub fn of(path: &str, text: &str) -> Self {
        let form = Form::of(path, text);
        let name = file_name(path).to_owned();
        let is_script = form == Form::Env && is_script(&name, text);
        Self {
            form,
            is_known: form != Form::Env || is_script || is_plain(text),
            is_script,
            user: user(text).filter(|_| form == Form::Dockerfile),
            is_open: !text.is_empty() && !text.ends_with('\n'),
            is_list: form == Form::Compose && is_list(text),
            kind: kind(text).filter(|_| form == Form::Kubernetes),
            owner: match form {
                Form::Compose => whose::service(text),
                Form::Kubernetes => whose::container(text),
                _ => None,
            }
            .map(str::to_owned),
            reads_file: text
                .lines()
                .any(|line| line.trim_start().starts_with("EnvironmentFile=")),
            name,
        }
    }

    /// The form of the file.
    pub fn form(&self) -> Form {
        self.form
    }

    /// What the remedy's own words do not say about this file.
    fn remark(&self) -> Option<String> {
        if !self.is_known {
            return Some(format!(
                "The form of {} is not known: these are plain variables. Set them as that file sets its own.",
                self.name
            ));
        }
        match self.form {
            Form::Systemd if self.reads_file => Some(
                "The unit reads an EnvironmentFile=: what that file sets wins over these lines."
                    .to_owned(),
            ),
            Form::Compose | Form::Kubernetes if self.owner.is_none() => Some(format!(
                "Which {} of the file it is for is not known: write its name instead of `app`.",
                if self.form == Form::Compose {
                    "service"
                } else {
                    "container"
                }
            )),
            _ => None,
        }
    }
}

impl Remedy {
    /// The change as it is pasted into this file.
    pub fn written_into(&self, place: &Place) -> String {
        let form = place.form;
        let mut text = self.written(form);
        let has_change = text.lines().any(|line| !line.starts_with('#'));
        match form {
            Form::Dockerfile => text = as_root(&text, place.user.as_deref()),
            Form::Compose if place.is_list => {
                text = with_list(&text, &self.variables);
            }
            Form::Kubernetes => text = of_kind(&text, place.kind.as_deref()),
            Form::Env if place.is_script => {
                let export = |line: &str| match line.starts_with('#') {
                    true => format!("{line}\n"),
                    false => format!("export {line}\n"),
                };
                text = text.lines().map(export).collect();
            }
            _ => {}
        }
        if let Some(owner) = &place.owner {
            let owner = plain(owner);
            text = text
                .replacen(APP_SERVICE, &format!("\n  {owner}:\n"), 1)
                .replacen(APP_CONTAINER, &format!("- name: {owner}\n"), 1);
        }
        if let Some(remark) = place.remark().filter(|_| has_change) {
            text = format!("# {remark}\n{text}");
        }
        // What is appended to an open line would become part of it.
        match form == Form::Dockerfile && place.is_open {
            true => format!("\n{text}"),
            false => text,
        }
    }
}

/// A name as YAML has it: between quotes where it could be taken for something else.
fn plain(name: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let taken = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(is_word)
        && !taken.iter().any(|word| name.eq_ignore_ascii_case(word));
    match is_plain {
        true => name.to_owned(),
        false => quoted(name, &[]),
    }
}

/// Whether a line of a Dockerfile begins a stage, in whatever case. `from x import y` is Python.
pub(super) fn is_from(line: &str) -> bool {
    let mut words = line
        .split_whitespace()
        .filter(|word| !word.starts_with("--"));
    let is_first = words
        .next()
        .is_some_and(|word| word.eq_ignore_ascii_case("from"));
    let rest: Vec<&str> = words.collect();
    is_first
        && !line.starts_with(char::is_whitespace)
        && matches!(rest[..], [_] | [_, "as" | "AS" | "As", _])
}

/// The user of the last `USER` of the last stage, unless it is root.
fn user(text: &str) -> Option<String> {
    let mut user = None;
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        if is_from(line) {
            user = None;
        } else if first.eq_ignore_ascii_case("USER") {
            user = words.next();
        }
    }
    let name = |user: &str| user.split(':').next().unwrap_or_default().to_owned();
    user.filter(|user| !["root", "0"].contains(&name(user).as_str()))
        .map(str::to_owned)
}

/// The lines of a Dockerfile, with what is installed installed as root.
fn as_root(text: &str, user: Option<&str>) -> String {
    let Some(user) = user else {
        return text.to_owned();
    };
    let line = |line: &str| match line.starts_with("RUN ") {
        true => format!("USER root\n{line}\nUSER {user}\n"),
        false => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// Whether the variables of a Compose file are a list: the last `environment:` with lines of its own decides.
fn is_list(text: &str) -> bool {
    let mut lines = text.lines().peekable();
    let mut is_list = false;
    while let Some(line) = lines.next() {
        let key = line.trim();
        if let (true, Some(next)) = (key.starts_with("environment:"), lines.peek()) {
            is_list = match key.ends_with(':') {
                true => next.trim_start().starts_with("- "),
                false => key.contains('['),
            };
        }
    }
    is_list
}

/// The lines of a Compose service with its variables as a list.
fn with_list(text: &str, variables: &[Variable]) -> String {
    let mut lines = text
        .lines()
        .filter(|line| !line.starts_with("      "))
        .map(|line| format!("{line}\n"))
        .collect::<String>();
    for set in variables {
        let pair = format!("{}={}", set.name, set.value.replace('$', "$$"));
        lines += &format!("      - {}\n", quoted(&pair, &[]));
    }
    lines
}

/// The kind of the last object in a manifest that has containers.
fn kind(text: &str) -> Option<String> {
    let (mut kind, mut found) = (None, None);
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("kind:") {
            kind = Some(name.trim().trim_matches(['"', '\'']).to_owned());
        } else if line.trim_start().starts_with("containers:") {
            found.clone_from(&kind);
        }
    }
    found
}

/// A change of a Deployment as one of another kind, whose containers lie deeper or less deep.
fn of_kind(text: &str, kind: Option<&str>) -> String {
    const HEAD: &str = "spec:\n  template:\n    spec:\n";
    let (comments, Some((_, containers))) = (
        text.lines()
            .filter(|line| line.starts_with('#'))
            .map(|line| format!("{line}\n"))
            .collect::<String>(),
        text.split_once(HEAD),
    ) else {
        return text.to_owned();
    };
    let moved = |by: &dyn Fn(&str) -> String| -> String {
        containers.lines().map(|line| by(line) + "\n").collect()
    };
    match kind {
        Some("Pod") => {
            let less = moved(&|line| line.strip_prefix("    ").unwrap_or(line).to_owned());
            format!("{comments}spec:\n{less}")
        }
        Some("CronJob") => {
            let more = moved(&|line| format!("    {line}"));
            let head = "spec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n";
            format!("{comments}{head}{more}")
        }
        _ => text.to_owned(),
    }
}

/// Whether a text is a shell script, or the profile of a shell.
fn is_script(name: &str, text: &str) -> bool {
    let shebang = text.lines().next().filter(|line| line.starts_with("#!"));
    let name = name.to_ascii_lowercase();
    let is_named = [".sh", ".bash", ".zsh", "profile", "bashrc", "zshrc"];
    shebang.is_some_and(|line| line.trim_end().ends_with("sh"))
        || is_named.iter().any(|end| name.ends_with(end))
        || text.lines().any(|line| line.starts_with("export "))
}

/// Whether a text only sets variables, one a line.
fn is_plain(text: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
    };
    let mut lines = text.split(['\n', '\0']).map(str::trim);
    lines.all(|line| {
        line.is_empty()
            || line.starts_with('#')
            || line.split_once('=').is_some_and(|(name, _)| is_name(name))
    })
}

#[cfg(test)]
mod tests;

//! The remedy in each form of file.

use super::place::{Container, Json, Service};
use super::{Form, Place, Remedy};
use highwater_simulator::Variable;
use highwater_workload::Trims;

impl Remedy {
    /// The change as it is pasted into this file, with comments on what else is to do.
    pub fn written(&self, place: &Place) -> String {
        let form = place.form();
        let has_lines =
            !self.variables.is_empty() || form == Form::Systemd && !self.removed.is_empty();
        let mut text = String::new();
        if place.is_open {
            text.push('\n');
        }
        let remark = place.remark.iter().filter(|_| has_lines);
        text.extend(remark.map(|remark| comment(remark)));
        text.extend(self.comments(form).iter().map(|line| comment(line)));
        if has_lines {
            text += &match (form, place.json) {
                (_, Some(keys)) => self.json(keys, &place.container),
                (Form::Dockerfile, _) => self.dockerfile(place.user.as_deref()),
                (Form::Compose, _) => self.compose(&place.service),
                (Form::Kubernetes, _) => self.kubernetes(&place.container),
                (Form::Systemd, _) => self.systemd(),
                (Form::Procfile, _) => format!(
                    "web: {}your-command\n",
                    self.each(|set| format!("{} ", shell(set)))
                ),
                (Form::Env | Form::Review, _) => {
                    let export = if place.is_script { "export " } else { "" };
                    self.each(|set| format!("{export}{}\n", shell(set)))
                }
            };
        }
        text
    }

    fn each(&self, write: impl Fn(&Variable) -> String) -> String {
        self.variables.iter().map(write).collect()
    }

    /// What the form cannot do by itself.
    fn comments(&self, form: Form) -> Vec<String> {
        let mut lines = Vec::new();
        let loads = self.variables.iter().any(|set| set.name == "LD_PRELOAD");
        match &self.installs {
            Some(command) if form != Form::Dockerfile => {
                lines.push(format!("In the image, as root: {command}"));
            }
            None if loads => lines.push(
                "No package with jemalloc is known for this image: copy libjemalloc.so.2 into it."
                    .to_owned(),
            ),
            _ => {}
        }
        if !self.removed.is_empty() && form != Form::Systemd {
            lines.push(format!("Remove: {}", self.removed.join(", ")));
        }
        lines.extend(self.trims.map(|trims| {
            let when = match trims {
                Trims::AfterBursts => "when a burst of work is over and its data is freed".to_owned(),
                Trims::Idle(_) | Trims::Every(_) => trims.to_string(),
            };
            format!(
                "In the program: call malloc_trim(0), {when}. In Python: ctypes.CDLL(None).malloc_trim(0)"
            )
        }));
        lines
    }

    /// The lines for a stage that ends with a user: packages are installed as root.
    fn dockerfile(&self, user: Option<&str>) -> String {
        let install = |command: &String| match user {
            Some(user) => format!("USER root\nRUN {command}\nUSER {user}\n"),
            None => format!("RUN {command}\n"),
        };
        self.installs.iter().map(install).collect::<String>()
            + &self.each(|set| format!("ENV {}={}\n", set.name, quoted(&set.value, &['$'])))
    }

    fn compose(&self, service: &Service) -> String {
        let variables = self.each(|set| {
            // A dollar begins a variable of Compose's own.
            let value = set.value.replace('$', "$$");
            match service.is_list {
                true => {
                    let pair = format!("{}={value}", set.name);
                    format!("      - {}\n", quoted(&pair, &[]))
                }
                false => format!("      {}: {}\n", set.name, quoted(&value, &[])),
            }
        });
        let name = key(&service.name);
        format!("services:\n  {name}:\n    environment:\n{variables}")
    }

    fn kubernetes(&self, container: &Container) -> String {
        let mut text = String::new();
        let mut indent = String::new();
        for name in &container.path {
            text += &format!("{indent}{}:\n", key(name));
            indent += "  ";
        }
        let name = key(&container.name);
        text += &format!("{indent}containers:\n{indent}  - name: {name}\n{indent}    env:\n");
        text + &self.each(|set| {
            let value = set.value.replace("$(", "$$(");
            let value = quoted(&value, &[]);
            format!(
                "{indent}      - name: {}\n{indent}        value: {value}\n",
                set.name
            )
        })
    }

    /// A part of a file in JSON: what has to be put into the container of that name.
    fn json(&self, keys: Json, container: &Container) -> String {
        let mut text = String::new();
        let mut open: Vec<&str> = Vec::new();
        let mut begin = |text: &mut String, key: &str, bracket: char| {
            let indent = "  ".repeat(open.len());
            let key = match key {
                "" => String::new(),
                key => quoted(key, &[]) + ": ",
            };
            *text += &format!("{indent}{key}{bracket}\n");
            open.push(if bracket == '{' { "}" } else { "]" });
        };
        if !keys.containers.is_empty() {
            begin(&mut text, "", '{');
        }
        for key in &container.path {
            begin(&mut text, key, '{');
        }
        begin(&mut text, keys.containers, '[');
        begin(&mut text, "", '{');
        let indent =
            "  ".repeat(container.path.len() + 2 + usize::from(!keys.containers.is_empty()));
        text += &format!("{indent}\"name\": {},\n", quoted(&container.name, &[]));
        begin(&mut text, keys.variables, '[');
        let variables: Vec<String> = self
            .variables
            .iter()
            .map(|set| {
                // Kubernetes puts values in for `$(NAME)`.
                let value = match keys.variables {
                    "env" => set.value.replace("$(", "$$("),
                    _ => set.value.clone(),
                };
                let (name, value) = (quoted(&set.name, &[]), quoted(&value, &[]));
                format!("{indent}  {{ \"name\": {name}, \"value\": {value} }}")
            })
            .collect();
        text += &(variables.join(",\n") + "\n");
        while let Some(bracket) = open.pop() {
            text += &format!("{}{bracket}\n", "  ".repeat(open.len()));
        }
        text
    }

    fn systemd(&self) -> String {
        let unset = match &self.removed[..] {
            [] => String::new(),
            names => format!("UnsetEnvironment={}\n", names.join(" ")),
        };
        // A percent sign begins a specifier in a unit.
        let set = self.each(|set| {
            let pair = format!("{}={}", set.name, set.value.replace('%', "%%"));
            format!("Environment={}\n", quoted(&pair, &[]))
        });
        format!("[Service]\n{unset}{set}")
    }
}

fn comment(line: &str) -> String {
    format!("# {line}\n")
}

/// A name as YAML has it: between quotes where it could be taken for something else.
fn key(name: &str) -> String {
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

/// A value between double quotes, with a backslash before those, before backslashes and before `also`.
fn quoted(value: &str, also: &[char]) -> String {
    let mut text = String::from('"');
    for letter in value.chars() {
        if letter == '"' || letter == '\\' || also.contains(&letter) {
            text.push('\\');
        }
        text.push(letter);
    }
    text.push('"');
    text
}

/// An assignment for a shell.
fn shell(set: &Variable) -> String {
    set.to_string()
}

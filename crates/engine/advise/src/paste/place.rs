//! The file that a remedy goes into: what of its text decides how the change has to be written there.

mod whose;

use super::{Form, file_name};
use highwater_settings::{begins_stage, documents};
use highwater_simulator::repeated;
pub(super) use whose::{Container, Service};

/// The keys of a JSON file under which containers and their variables are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Json {
    /// Empty where the file is the list of containers itself.
    pub(super) containers: &'static str,
    pub(super) variables: &'static str,
}

impl Json {
    const KUBERNETES: Self = Self {
        containers: "containers",
        variables: "env",
    };
    /// A task definition of Amazon ECS.
    const TASK: Self = Self {
        containers: "containerDefinitions",
        variables: "environment",
    };
    /// The list in a task definition, as Terraform keeps it in a file.
    const DEFINITIONS: Self = Self {
        containers: "",
        ..Self::TASK
    };
}

/// What a file asks of a change besides its form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    form: Form,
    /// What is not said by the lines of the change.
    pub(super) remark: Option<String>,
    /// The user that the last stage of a Dockerfile ends with, unless that is root.
    pub(super) user: Option<String>,
    /// Whether the last line of a Dockerfile has no end: what is appended to it would become part of it.
    pub(super) is_open: bool,
    /// A shell script, whose variables reach a program only if they are exported.
    pub(super) is_script: bool,
    pub(super) service: Service,
    pub(super) container: Container,
    /// The keys of a container, where the file is JSON.
    pub(super) json: Option<Json>,
}

impl From<Form> for Place {
    /// A file of which nothing but the form is known.
    fn from(form: Form) -> Self {
        Self {
            form,
            remark: None,
            user: None,
            is_open: false,
            is_script: false,
            service: Service {
                name: "app".to_owned(),
                is_list: false,
            },
            container: Container {
                name: "app".to_owned(),
                path: ["spec", "template", "spec"].map(str::to_owned).into(),
            },
            json: None,
        }
    }
}

impl Place {
    /// The place that a file is. `path` may have folders, or be empty for a text without a file; `text` is all of it.
    pub fn of(path: &str, text: &str) -> Self {
        let form = Form::of(path, text);
        let mut place = Self::from(form);
        match form {
            Form::Dockerfile => {
                place.user = user(text);
                place.is_open = !text.is_empty() && !text.ends_with('\n');
            }
            Form::Compose => place.take_service(text),
            Form::Kubernetes => {
                place.json = is_json(text).then_some(Json::KUBERNETES);
                place.take_container(text, Json::KUBERNETES);
            }
            Form::Systemd => place.remark = variables_win(text),
            Form::Env => {
                let name = file_name(path);
                place.is_script = is_script(name, text);
                place.json = task(text);
                if let Some(json) = place.json {
                    place.container.path.clear();
                    place.take_container(text, json);
                } else if !place.is_script && !is_plain(text) {
                    place.remark = Some(unknown(name));
                }
            }
            Form::Procfile | Form::Review => {}
        }
        place
    }

    /// The form of the file.
    pub fn form(&self) -> Form {
        self.form
    }

    /// What is pasted, in words: the kind of the file, and JSON where that decides how it looks.
    pub fn title(&self) -> &'static str {
        match (self.form, self.json) {
            (Form::Dockerfile, _) => "Dockerfile",
            (Form::Compose, _) => "Compose service",
            (Form::Kubernetes, None) => "Kubernetes container",
            (Form::Kubernetes, Some(_)) => "Kubernetes container, JSON",
            (Form::Systemd, _) => "systemd unit",
            (Form::Procfile, _) => "Procfile",
            (Form::Env, Some(_)) => "ECS task definition",
            (Form::Env, None) if self.is_script => "shell script",
            (Form::Env, None) => "plain variables",
            (Form::Review, _) => "incident review",
        }
    }

    fn take_service(&mut self, text: &str) {
        let Some(documents) = documents(text) else {
            return self.remark = Some(unread("environment", "service"));
        };
        match whose::service(&documents) {
            Ok(service) => self.service = service,
            Err(is_list) => {
                self.service.is_list = is_list;
                self.remark = Some(unsure("service"));
            }
        }
    }

    fn take_container(&mut self, text: &str, keys: Json) {
        let Some(documents) = documents(text) else {
            return self.remark = Some(unread(keys.variables, "container"));
        };
        match whose::container(&documents, keys) {
            Ok(container) => self.container = container,
            Err(path) => {
                self.remark = Some(unsure("container"));
                if let Some(path) = path {
                    self.container.path = path;
                }
            }
        }
    }
}

fn unsure(part: &str) -> String {
    format!("Which {part} of the file it is for is not known: write its name instead of `app`.")
}

fn unread(key: &str, part: &str) -> String {
    format!(
        "The file is not plain YAML: add these lines to `{key}` of its {part}, wherever that is."
    )
}

fn unknown(name: &str) -> String {
    let text = match name {
        "" => "this text".to_owned(),
        name => repeated(name),
    };
    format!(
        "The form of {text} is not known: these are plain variables. Set them as it sets its own."
    )
}

/// A text from its first letter on.
fn beginning(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim_start()
}

/// Whether a text is JSON, by its beginning: YAML in braces is left to YAML's own forms.
pub(super) fn is_json(text: &str) -> bool {
    beginning(text)
        .strip_prefix(['{', '['])
        .is_some_and(|rest| rest.trim_start().starts_with(['"', '{']))
}

/// The keys of a task definition of Amazon ECS, if a text is one, or the list of its containers.
fn task(text: &str) -> Option<Json> {
    let has = |key: &str| text.contains(key);
    if !is_json(text) {
        return None;
    }
    let is_list = beginning(text).starts_with('[');
    if has("\"containerDefinitions\"") {
        return Some(Json::TASK);
    }
    (is_list && has("\"image\"") && has("\"name\"")).then_some(Json::DEFINITIONS)
}

/// What a unit's own file of variables does to lines in it, where it has one.
fn variables_win(text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim_start);
    let reads_file = lines.any(|line| line.starts_with("EnvironmentFile="));
    reads_file.then(|| {
        "The unit reads an EnvironmentFile=: what that file sets wins over these lines.".to_owned()
    })
}

/// The user of the last `USER` of the last stage, unless it is root.
fn user(text: &str) -> Option<String> {
    let mut user = None;
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        if begins_stage(line) {
            user = None;
        } else if first.eq_ignore_ascii_case("USER") {
            user = words.next();
        }
    }
    let name = |user: &str| user.split(':').next().unwrap_or_default().to_owned();
    user.filter(|user| !["root", "0"].contains(&name(user).as_str()))
        .map(str::to_owned)
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

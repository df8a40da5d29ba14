//! The remedy in each form of file.

use super::{Form, Remedy};
use highwater_simulator::Variable;
use highwater_workload::Trims;

/// Where a service and a container stand that nothing names.
pub(super) const APP_SERVICE: &str = "\n  app:\n";
pub(super) const APP_CONTAINER: &str = "- name: app\n";

impl Remedy {
    /// The change as it is pasted into a file of this form, with comments on what else is to do.
    pub fn written(&self, form: Form) -> String {
        let mut text = self.comments(form);
        if self.variables.is_empty() && (form != Form::Systemd || self.removed.is_empty()) {
            return text;
        }
        text += &match form {
            Form::Dockerfile => self.dockerfile(),
            Form::Compose => format!(
                "services:{APP_SERVICE}    environment:\n{}",
                self.each(compose)
            ),
            Form::Kubernetes => format!(
                "spec:\n  template:\n    spec:\n      containers:\n        {APP_CONTAINER}          env:\n{}",
                self.each(kubernetes)
            ),
            Form::Systemd => self.systemd(),
            Form::Procfile => format!(
                "web: {}your-command\n",
                self.each(|set| format!("{} ", shell(set)))
            ),
            Form::Env | Form::Review => self.each(|set| shell(set) + "\n"),
        };
        text
    }

    fn each(&self, write: impl Fn(&Variable) -> String) -> String {
        self.variables.iter().map(write).collect()
    }

    /// What the form cannot do by itself.
    fn comments(&self, form: Form) -> String {
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
        lines.iter().map(|line| format!("# {line}\n")).collect()
    }

    fn dockerfile(&self) -> String {
        let installs = self
            .installs
            .iter()
            .map(|command| format!("RUN {command}\n"));
        installs.collect::<String>()
            + &self.each(|set| format!("ENV {}={}\n", set.name, quoted(&set.value, &['$'])))
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

fn compose(set: &Variable) -> String {
    // A dollar begins a variable of Compose's own.
    let value = set.value.replace('$', "$$");
    format!("      {}: {}\n", set.name, quoted(&value, &[]))
}

fn kubernetes(set: &Variable) -> String {
    let value = set.value.replace("$(", "$$(");
    let name = &set.name;
    format!(
        "            - name: {name}\n              value: {}\n",
        quoted(&value, &[])
    )
}

/// A value between double quotes, with a backslash before those, before backslashes and before `also`.
pub(super) fn quoted(value: &str, also: &[char]) -> String {
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

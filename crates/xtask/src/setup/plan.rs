//! The plan of a set-up: what is missing, where it comes from, who installs it and why. It is made before anything is
//! installed, and follows from what was found on the machine alone.

use super::part::Part;
use super::rights::Rights;
use std::{fmt, path::PathBuf};

/// What was found on a machine.
#[derive(Debug)]
pub(crate) struct Machine {
    /// The parts that are needed and missing.
    pub(crate) missing: Vec<Part>,
    pub(crate) has_rustup: bool,
    /// How apt-get can be used, if it is there and allowed.
    pub(crate) apt_get: Option<Rights>,
    /// The folder of tools.
    pub(crate) tools: PathBuf,
    /// The version of the wasm-bindgen command that `Cargo.lock` demands.
    pub(crate) wasm_bindgen: String,
}

/// Where a part comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// crates.io: a package of a fixed version with the versions of its own lock file, and the options of its build.
    Crates {
        package: &'static str,
        version: String,
        options: &'static [&'static str],
    },
    /// rustup: the target's library for the compiler in use.
    Rustup,
    /// The distribution's packages: by apt-get with these rights, or by the user without.
    Packages(Option<Rights>),
}

/// One part to be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installation {
    pub(crate) part: Part,
    pub(crate) source: Source,
    /// The folder of tools.
    tools: PathBuf,
    /// Whether it is only installed where the one before it fails.
    pub(crate) is_second_way: bool,
}

/// Returns what would be installed, in order.
pub(crate) fn plan(machine: &Machine) -> Vec<Installation> {
    let mut plan = Vec::new();
    for &part in &machine.missing {
        let mut add = |source, is_second_way| {
            plan.push(Installation {
                part,
                source,
                tools: machine.tools.clone(),
                is_second_way,
            });
        };
        match part {
            Part::WasmStd if machine.has_rustup => {
                add(Source::Rustup, false);
                if machine.apt_get.is_some() {
                    add(Source::Packages(machine.apt_get), true);
                }
            }
            Part::Trunk | Part::WasmBindgen | Part::Deny | Part::Geckodriver => {
                add(crates_source(part, &machine.wasm_bindgen), false)
            }
            _ => add(Source::Packages(machine.apt_get), false),
        }
    }
    plan
}

/// Returns the package of a tool that cargo installs.
fn crates_source(tool: Part, wasm_bindgen: &str) -> Source {
    let (package, version, options): (_, _, &[_]) = match tool {
        Part::Trunk => (
            "trunk",
            super::cargo_tools::TRUNK_VERSION,
            &["--no-default-features", "--features", "rustls"],
        ),
        Part::Deny => ("cargo-deny", super::cargo_tools::DENY_VERSION, &[]),
        Part::Geckodriver => ("geckodriver", super::cargo_tools::GECKODRIVER_VERSION, &[]),
        _ => ("wasm-bindgen-cli", wasm_bindgen, &[]),
    };
    Source::Crates {
        package,
        version: version.to_owned(),
        options,
    }
}

impl Installation {
    /// Whether this program can do it without asking.
    pub(crate) fn is_possible(&self) -> bool {
        self.source != Source::Packages(None)
    }

    /// Returns the packages of the distribution that it consists of.
    pub(crate) fn debian_packages(&self) -> &'static [&'static str] {
        self.part.packages().0
    }

    /// Returns the command that does the same by hand.
    pub(crate) fn by_hand(&self) -> String {
        match &self.source {
            Source::Crates {
                package,
                version,
                options,
            } => {
                let mut words = vec!["cargo install", package, "--version", version, "--locked"];
                words.extend(*options);
                format!("{} --root {}", words.join(" "), self.tools.display())
            }
            Source::Rustup => format!("rustup target add {}", super::wasm_std::TARGET),
            Source::Packages(rights) => {
                let (debian, others) = self.part.packages();
                let sudo = if *rights == Some(Rights::Root) {
                    ""
                } else {
                    "sudo "
                };
                let debian = format!(
                    "{sudo}apt-get install --no-install-recommends {}",
                    debian.join(" ")
                );
                match rights {
                    Some(_) => debian,
                    None => format!("Debian, Ubuntu: {debian}; {others}"),
                }
            }
        }
    }

    /// Returns its name and version.
    fn name(&self) -> String {
        match &self.source {
            Source::Crates {
                package, version, ..
            } => format!("{package} {version}"),
            Source::Rustup => format!(
                "the standard library for {}, of the compiler's own version",
                super::wasm_std::TARGET
            ),
            Source::Packages(_) if self.part == Part::WasmStd => format!(
                "{} and their linker, in the distribution's version",
                self.debian_packages().join(", ")
            ),
            Source::Packages(_) => format!(
                "{}, in the distribution's version",
                self.debian_packages().join(", ")
            ),
        }
    }
}

/// Shows its name and version, its source and folder, the rights that it takes, and the reason.
impl fmt::Display for Installation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {}", self.name())?;
        match &self.source {
            Source::Crates { .. } => writeln!(
                f,
                "    from crates.io by cargo install --locked, into {}, not as root",
                self.tools.display()
            )?,
            Source::Rustup => writeln!(
                f,
                "    from rustup's server by rustup, into the folder of the compiler in use, with the user's rights"
            )?,
            Source::Packages(Some(Rights::Root)) => writeln!(
                f,
                "    from the distribution's packages by apt-get, into the system, AS ROOT"
            )?,
            Source::Packages(Some(Rights::Sudo)) => writeln!(
                f,
                "    from the distribution's packages by sudo apt-get, into the system, AS ROOT"
            )?,
            Source::Packages(None) => writeln!(f, "    from the distribution's packages, by hand")?,
        }
        let only = if self.is_second_way {
            "only if rustup cannot install the library: "
        } else {
            ""
        };
        writeln!(f, "    because {only}{}", self.part.reason())
    }
}

/// Returns the list of what is about to be installed.
pub(crate) fn announcement(plan: &[Installation]) -> String {
    let list: String = plan.iter().map(Installation::to_string).collect();
    format!(
        "setup: these parts are missing and are installed now (once; it can take several minutes):\n{list}\
         setup: --no-install or HIGHWATER_NO_INSTALL=1 forbids it and lists the commands to install them by hand\n"
    )
}

/// Returns the list of what is missing, each with the command that installs it by hand.
pub(crate) fn by_hand(plan: &[Installation]) -> String {
    let mut list = String::new();
    for installation in plan {
        let or = if installation.is_second_way {
            "or "
        } else {
            ""
        };
        let (name, reason) = (installation.name(), installation.part.reason());
        list += &format!("\n  {or}{name} ({reason})\n    {}", installation.by_hand());
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(missing: &[Part], has_rustup: bool, apt_get: Option<Rights>) -> Machine {
        Machine {
            missing: missing.to_vec(),
            has_rustup,
            apt_get,
            tools: "/tools".into(),
            wasm_bindgen: "0.2.99".to_owned(),
        }
    }

    #[test]
    fn a_complete_machine_installs_nothing() {
        assert_eq!(plan(&machine(&[], true, Some(Rights::Root))), []);
    }

    #[test]
    fn every_missing_part_has_a_source_a_reason_and_a_command() {
        for apt_get in [None, Some(Rights::Root), Some(Rights::Sudo)] {
            for has_rustup in [false, true] {
                let plan = plan(&machine(Part::ALL, has_rustup, apt_get));
                for part in Part::ALL {
                    let first = plan.iter().find(|one| one.part == *part);
                    let first = first.expect("a missing part is in the plan");
                    assert!(!first.is_second_way);
                    let shown = first.to_string();
                    assert!(shown.contains("from ") && shown.contains(part.reason()));
                    assert!(
                        first.by_hand().contains(" install ") || first.by_hand().contains(" add ")
                    );
                }
            }
        }
    }

    #[test]
    fn tools_come_in_a_fixed_version_with_their_lock_files_and_without_root() {
        let plan = plan(&machine(
            &[
                Part::Trunk,
                Part::WasmBindgen,
                Part::Deny,
                Part::Geckodriver,
            ],
            true,
            Some(Rights::Root),
        ));
        let commands: Vec<String> = plan.iter().map(Installation::by_hand).collect();
        assert_eq!(
            commands[0],
            "cargo install trunk --version 0.21.14 --locked --no-default-features --features rustls --root /tools"
        );
        assert_eq!(
            commands[1],
            "cargo install wasm-bindgen-cli --version 0.2.99 --locked --root /tools"
        );
        assert!(commands[2].contains("cargo-deny --version ") && commands[2].contains("--locked"));
        assert!(commands[3].contains("geckodriver --version ") && commands[3].contains("--locked"));
        for installation in &plan {
            let shown = installation.to_string();
            assert!(shown.contains("into /tools, not as root"), "{shown}");
        }
    }

    #[test]
    fn packages_say_that_they_are_installed_as_root() {
        for rights in [Rights::Root, Rights::Sudo] {
            let plan = plan(&machine(
                &[Part::Chromium, Part::Firefox, Part::Node],
                false,
                Some(rights),
            ));
            assert!(plan.iter().all(|one| one.to_string().contains("AS ROOT")));
            assert!(plan.iter().all(Installation::is_possible));
            let with_sudo = plan[2].by_hand().starts_with("sudo ");
            assert_eq!(with_sudo, rights == Rights::Sudo);
        }
    }

    #[test]
    fn without_rights_packages_are_left_to_the_user() {
        let plan = plan(&machine(&[Part::Jemalloc, Part::Trunk], true, None));
        assert!(!plan[0].is_possible());
        assert!(plan[0].by_hand().contains("libjemalloc2"));
        assert!(plan[0].by_hand().contains("Fedora"));
        assert!(plan[1].is_possible());
    }

    #[test]
    fn rustup_comes_first_and_debian_second() {
        let sources = |has_rustup, apt_get| -> Vec<(Source, bool)> {
            plan(&machine(&[Part::WasmStd], has_rustup, apt_get))
                .into_iter()
                .map(|one| (one.source, one.is_second_way))
                .collect()
        };
        let root = Some(Rights::Root);
        assert_eq!(
            sources(true, root),
            [(Source::Rustup, false), (Source::Packages(root), true)]
        );
        assert_eq!(sources(true, None), [(Source::Rustup, false)]);
        assert_eq!(sources(false, root), [(Source::Packages(root), false)]);
        assert_eq!(sources(false, None), [(Source::Packages(None), false)]);
    }

    #[test]
    fn the_lists_name_every_part_once() {
        let plan = plan(&machine(Part::ALL, true, Some(Rights::Root)));
        for list in [announcement(&plan), by_hand(&plan)] {
            for word in [
                "trunk 0.21.14",
                "wasm-bindgen-cli 0.2.99",
                "geckodriver 0.37.1",
                "chromium,",
                "firefox-esr,",
                "nodejs,",
                "libjemalloc2,",
                "g++,",
            ] {
                assert_eq!(list.matches(word).count(), 1, "{word} in {list}");
            }
        }
    }
}

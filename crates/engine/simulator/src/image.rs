//! The one table of distributions: the names of their images, the C library that each has, and the packages that can be
//! installed in it.

use crate::variant::Choice;
use highwater_glibc::Version as Glibc;
use highwater_jemalloc::Version as Jemalloc;
use std::str::FromStr;
use thiserror::Error;

/// How packages are installed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Manager {
    Apt,
    /// dnf, where the package is in the distribution.
    Dnf,
    /// dnf, where it is in EPEL, whose package is in the distribution.
    DnfEpel,
    /// dnf, where EPEL has to be added by its address.
    DnfEpelByAddress,
    /// None in the image, or the package is not known.
    None,
}

/// A release of a distribution, and what it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct System {
    /// Name and number.
    name: &'static str,
    /// How tags name it; the first also stands alone behind the distribution's own name.
    tags: &'static [&'static str],
    /// The images that are this distribution itself.
    images: &'static [&'static str],
    glibc: Glibc,
    jemalloc: Option<Jemalloc>,
    manager: Manager,
}

const fn debian(
    name: &'static str,
    tags: &'static [&'static str],
    glibc: Glibc,
    jemalloc: Option<Jemalloc>,
) -> System {
    System {
        name,
        tags,
        images: &["debian"],
        glibc,
        jemalloc,
        manager: Manager::Apt,
    }
}

const fn ubuntu(
    name: &'static str,
    tags: &'static [&'static str],
    glibc: Glibc,
    jemalloc: Option<Jemalloc>,
) -> System {
    System {
        images: &["ubuntu"],
        ..debian(name, tags, glibc, jemalloc)
    }
}

/// jemalloc of EPEL 10 is not in the table: its release is not known here.
const fn enterprise(
    name: &'static str,
    tags: &'static [&'static str],
    glibc: Glibc,
    jemalloc: Option<Jemalloc>,
) -> System {
    System {
        name,
        tags,
        images: &[
            "rockylinux",
            "almalinux",
            "centos",
            "oraclelinux",
            "rocky",
            "alma",
        ],
        glibc,
        jemalloc,
        manager: Manager::DnfEpel,
    }
}

const fn red_hat(name: &'static str, images: &'static [&'static str], like: System) -> System {
    System {
        name,
        images,
        manager: Manager::DnfEpelByAddress,
        ..like
    }
}

const fn fedora(
    name: &'static str,
    tags: &'static [&'static str],
    glibc: Glibc,
    jemalloc: Option<Jemalloc>,
) -> System {
    System {
        images: &["fedora"],
        manager: Manager::Dnf,
        ..enterprise(name, tags, glibc, jemalloc)
    }
}

const OLD: Option<Jemalloc> = Some(Jemalloc::V5_2_1);
const NEW: Option<Jemalloc> = Some(Jemalloc::V5_3_0);
const EL8: System = enterprise("Enterprise Linux 8", &["8"], Glibc::V2_28, OLD);
const EL9: System = enterprise("Enterprise Linux 9", &["9"], Glibc::V2_34, OLD);
const EL10: System = enterprise("Enterprise Linux 10", &["10"], Glibc::V2_39, None);
const DEBIAN_13: System = debian("Debian 13", &["13", "trixie"], Glibc::V2_41, NEW);

/// What is known of distributions: Debian's from its packages, the others' from what their images and packages are called.
const SYSTEMS: [System; 24] = [
    debian("Debian 11", &["11", "bullseye"], Glibc::V2_31, OLD),
    debian("Debian 12", &["12", "bookworm"], Glibc::V2_36, NEW),
    DEBIAN_13,
    debian(
        "Debian unstable",
        &["unstable", "sid"],
        Glibc::V2_43,
        Some(Jemalloc::V5_3_1),
    ),
    debian(
        "Debian experimental",
        &["experimental", "rc-buggy"],
        Glibc::V2_44,
        None,
    ),
    ubuntu("Ubuntu 20.04", &["20.04", "focal"], Glibc::V2_31, OLD),
    ubuntu("Ubuntu 22.04", &["22.04", "jammy"], Glibc::V2_35, OLD),
    ubuntu("Ubuntu 24.04", &["24.04", "noble"], Glibc::V2_39, NEW),
    ubuntu("Ubuntu 25.04", &["25.04", "plucky"], Glibc::V2_41, None),
    ubuntu("Ubuntu 25.10", &["25.10", "questing"], Glibc::V2_42, None),
    ubuntu("Ubuntu 26.04", &["26.04", "resolute"], Glibc::V2_43, None),
    fedora("Fedora 40", &["40"], Glibc::V2_39, NEW),
    fedora("Fedora 41", &["41"], Glibc::V2_40, NEW),
    fedora("Fedora 42", &["42"], Glibc::V2_41, NEW),
    fedora("Fedora 43", &["43"], Glibc::V2_42, None),
    fedora("Fedora 44", &["44"], Glibc::V2_43, None),
    EL8,
    EL9,
    EL10,
    red_hat("RHEL 8", &["ubi8", "ubi8-minimal", "rhel", "rhel8"], EL8),
    red_hat("RHEL 9", &["ubi9", "ubi9-minimal", "rhel", "rhel9"], EL9),
    red_hat(
        "RHEL 10",
        &["ubi10", "ubi10-minimal", "rhel", "rhel10"],
        EL10,
    ),
    System {
        images: &["amazonlinux"],
        manager: Manager::None,
        ..enterprise("Amazon Linux 2023", &["2023"], Glibc::V2_34, None)
    },
    System {
        images: &["leap"],
        manager: Manager::None,
        ..enterprise("openSUSE Leap 15", &["15"], Glibc::V2_31, None)
    },
];

/// Images of languages and programs that are built on Debian unless their tag says otherwise.
const ON_DEBIAN: [&str; 14] = [
    "python",
    "node",
    "ruby",
    "php",
    "golang",
    "rust",
    "openjdk",
    "perl",
    "gcc",
    "buildpack-deps",
    "postgres",
    "mysql",
    "redis",
    "nginx",
];

/// An image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Image {
    /// As it was given.
    pub name: String,
    system: System,
    /// Whether it has no shell and no packages.
    is_bare: bool,
    /// Whether its tag leaves the distribution's release open.
    is_guessed: bool,
}

/// An image that nothing is known of, or one whose C library is not modelled.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum UnknownImage {
    /// It has musl.
    #[error(
        "{0} has musl, whose malloc is not modelled and reads none of these settings; name an image with glibc, such as the same with -slim"
    )]
    Musl(String),
    /// Its distribution is not known.
    #[error(
        "{name} does not say which distribution it has; add it to the tag, such as {name}-bookworm or {name}-trixie"
    )]
    Open {
        /// The image.
        name: String,
    },
    /// It is not known at all.
    #[error(
        "the image {0} is not known; name the one that it is built from: {1}, or a language's image"
    )]
    Unknown(String, String),
}

impl FromStr for Image {
    type Err = UnknownImage;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name: String = text.trim().chars().take(100).collect();
        let lower = name.to_ascii_lowercase();
        let bare = lower.split('@').next().unwrap_or_default();
        let last = bare.rsplit('/').next().unwrap_or_default();
        // A distribution is named with a space.
        let (image, tag) = last.split_once([':', ' ']).unwrap_or((last, ""));
        let words = || tag.split(['-', '_']);
        if image == "alpine" || words().any(|word| word.starts_with("alpine")) {
            return Err(UnknownImage::Musl(name));
        }
        let is_bare = bare.contains("distroless/");
        let known = |system: System, is_guessed| {
            Ok(Self {
                name: name.clone(),
                system,
                is_bare,
                is_guessed,
            })
        };
        // The folders of a registry are looked at as well, as in ubi9/python-312.
        let folders = bare.rsplit('/').skip(1);
        let of_itself = SYSTEMS.into_iter().find(|system| {
            let numbered = |image: &str| {
                let number = image.strip_suffix("-minimal").unwrap_or(image);
                system.images.contains(&image) && number.ends_with(system.tags[0])
            };
            let is_it = system.images.contains(&image);
            (is_it && words().any(|word| is_release(system, word)))
                || numbered(image)
                || folders.clone().any(numbered)
                || system.name.eq_ignore_ascii_case(&name)
        });
        if let Some(system) = of_itself {
            return known(system, false);
        }
        // A code name in the tag, or in the name of a distroless image.
        let named = SYSTEMS.into_iter().find(|system| {
            let code = system.tags.get(1);
            let is_named = |code: &str| words().any(|word| word == code);
            let number = system.name.to_ascii_lowercase().replace(' ', "");
            code.is_some_and(|code| is_named(code)) || (is_bare && image.ends_with(&number))
        });
        match named {
            Some(system) => known(system, false),
            // The images of Python moved to Debian 13 in August 2025.
            None if image == "python" => known(DEBIAN_13, true),
            None if ON_DEBIAN.contains(&image) => Err(UnknownImage::Open { name }),
            None => Err(UnknownImage::Unknown(name, KNOWN.to_owned())),
        }
    }
}

/// Some of the images, as an error names them.
pub(crate) const KNOWN: &str = "debian:12, ubuntu:24.04, fedora:42, ubi9, amazonlinux:2023";

impl System {
    /// Its own image, as one writes it.
    fn image(&self) -> String {
        let image = self.images.first().copied().unwrap_or_default();
        match self.tags.first() {
            Some(tag) if !image.ends_with(tag) => format!("{image}:{tag}"),
            _ => image.to_owned(),
        }
    }
}

/// The distributions that have a release of glibc, each as a name in words and as an image.
pub(crate) fn systems_with(glibc: Glibc) -> impl Iterator<Item = (&'static str, String)> {
    let of = SYSTEMS
        .into_iter()
        .filter(move |system| system.glibc == glibc);
    of.map(|system| (system.name, system.image()))
}

/// Whether a word of a tag is a release, or begins with its number.
fn is_release(system: &System, word: &str) -> bool {
    let word = word.strip_prefix("stream").unwrap_or(word);
    system.tags.iter().any(|tag| {
        let rest = word.strip_prefix(tag);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

impl Image {
    /// The malloc of its C library.
    pub fn choice(&self) -> Choice {
        Choice::Glibc(self.system.glibc)
    }

    /// The same, as an allocator is named.
    pub fn allocator(&self) -> String {
        self.choice().to_string()
    }

    /// Whether its tag leaves the distribution's release open, so that the usual one is taken.
    pub fn is_guessed(&self) -> bool {
        self.is_guessed
    }

    /// The allocator of a program in it that was recorded with this one, by name and release: its own C library, unless the
    /// program had another allocator than glibc.
    pub fn allocator_of(&self, recorded: Option<&(String, String)>) -> Option<String> {
        let is_glibc = recorded.is_none_or(|(name, _)| name == "glibc");
        is_glibc.then(|| self.allocator())
    }

    /// The jemalloc that can be installed, as an allocator is named; none where that is not known.
    pub fn jemalloc(&self) -> Option<String> {
        let version = self.system.jemalloc.filter(|_| !self.is_bare);
        version.map(|version| format!("jemalloc@{version}"))
    }

    /// What it is, in one sentence.
    pub fn in_words(&self) -> String {
        let System { name, glibc, .. } = self.system;
        let guessed = if self.is_guessed {
            " Its tag does not name the distribution: images of before August 2025 have Debian 12. Write -bookworm or -trixie to be sure."
        } else {
            ""
        };
        format!("{} has {name} with glibc {glibc}.{guessed}", self.name)
    }

    /// The command that installs jemalloc, for the shell of a build; none where no package is known.
    pub fn installs_jemalloc(&self) -> Option<String> {
        let by_address = |release: &str| {
            format!(
                "dnf install -y https://dl.fedoraproject.org/pub/epel/epel-release-latest-{release}.noarch.rpm"
            )
        };
        let then = "dnf install -y jemalloc && dnf clean all";
        match self.system.manager {
            _ if self.is_bare => None,
            Manager::Apt => Some(INSTALLS_JEMALLOC.to_owned()),
            Manager::Dnf => Some(then.to_owned()),
            Manager::DnfEpel => Some(format!("dnf install -y epel-release && {then}")),
            Manager::DnfEpelByAddress => {
                Some(format!("{} && {then}", by_address(self.system.tags[0])))
            }
            Manager::None => None,
        }
    }
}

/// The command that installs jemalloc in Debian and Ubuntu.
pub const INSTALLS_JEMALLOC: &str = "apt-get update && apt-get install -y --no-install-recommends libjemalloc2 && rm -rf /var/lib/apt/lists/*";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_known_by_name_tag_and_registry() {
        for (name, glibc, jemalloc) in [
            ("python:3.12-slim", "2.41", Some("5.3.0")),
            ("python:3.12-slim-bookworm", "2.36", Some("5.3.0")),
            (
                "docker.io/library/node:22-bullseye-slim",
                "2.31",
                Some("5.2.1"),
            ),
            ("debian:12.5-slim", "2.36", Some("5.3.0")),
            ("debian:trixie-20260101", "2.41", Some("5.3.0")),
            (
                "registry.example:5000/base/ubuntu:22.04@sha256:00",
                "2.35",
                Some("5.2.1"),
            ),
            ("rockylinux:9.3", "2.34", Some("5.2.1")),
            ("registry.access.redhat.com/ubi9", "2.34", Some("5.2.1")),
            ("fedora:42", "2.41", Some("5.3.0")),
            ("gcr.io/distroless/python3-debian12", "2.36", None),
            ("amazonlinux:2023", "2.34", None),
            ("Ubuntu 24.04", "2.39", Some("5.3.0")),
            ("RHEL 10", "2.39", None),
            ("rhel:8.10", "2.28", Some("5.2.1")),
            ("Amazon Linux 2023", "2.34", None),
            (
                "registry.redhat.io/ubi8/python-312:1",
                "2.28",
                Some("5.2.1"),
            ),
            ("centos:stream9", "2.34", Some("5.2.1")),
        ] {
            let image: Image = name.parse().expect(name);
            assert_eq!(image.allocator(), format!("glibc@{glibc}"), "{name}");
            let expected = jemalloc.map(|version| format!("jemalloc@{version}"));
            assert_eq!(image.jemalloc(), expected, "{name}");
            if jemalloc.is_some() {
                assert!(image.installs_jemalloc().is_some(), "{name}");
            }
        }
    }

    #[test]
    fn an_image_that_cannot_be_advised_says_which_can() {
        for (name, part) in [
            ("alpine:3.20", "musl"),
            ("python:3.12-alpine", "musl"),
            ("node:22-slim", "-bookworm"),
            ("mycompany/service:4", "debian:12"),
            ("debian:99", "not known"),
            ("", "not known"),
        ] {
            let error = name.parse::<Image>().expect_err(name).to_string();
            assert!(error.contains(part), "{name}: {error}");
        }
    }
}

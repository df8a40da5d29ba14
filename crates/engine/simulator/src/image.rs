//! Images of containers: the distribution that a name means, and what follows from it.

use crate::choice::Choice;
use crate::distributions::{DEBIAN_13, Manager, SYSTEMS, System};
use std::str::FromStr;
use thiserror::Error;

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
        "{name} names no distribution that is known; add one to its tag, such as -bookworm or -trixie, or name the distribution alone, such as debian:12"
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
        // A name has 255 characters at most and a tag 128; the digest behind them says nothing of the distribution.
        let name = text.trim().split('@').next().unwrap_or_default();
        let name: String = name.chars().take(400).collect();
        let bare = name.to_ascii_lowercase();
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
            (is_it && words().any(|word| system.is_release(word)))
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
            None if image == "python" && is_official(folders) && is_recent_python(tag) => {
                known(DEBIAN_13, true)
            }
            None if ON_DEBIAN.contains(&image) => Err(UnknownImage::Open { name }),
            None => Err(UnknownImage::Unknown(name, KNOWN.to_owned())),
        }
    }
}

/// Whether these folders, the innermost first, are those of Docker's official images, at Docker or at a mirror.
fn is_official<'a>(mut folders: impl Iterator<Item = &'a str>) -> bool {
    matches!(folders.next(), None | Some("library" | "docker.io"))
}

/// Whether a tag names a Python whose images were still built in August 2025, and nothing that would be another distribution
/// or system.
fn is_recent_python(tag: &str) -> bool {
    const OLDEST: u32 = 9;
    tag.split('-').all(|word| {
        let mut numbers = word.split('.');
        match (numbers.next(), numbers.next()) {
            (Some("" | "slim" | "latest" | "3"), None) => true,
            (Some("3"), Some(minor)) => minor.parse().is_ok_and(|minor: u32| minor >= OLDEST),
            _ => false,
        }
    })
}

/// Some of the images, as an error names them.
pub(crate) const KNOWN: &str = "debian:12, ubuntu:24.04, fedora:42, ubi9, amazonlinux:2023";

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
            " Its tag does not name the distribution: images of before August 2025 have Debian 12 or older. Write -bookworm or -trixie to be sure."
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
            (
                "public.ecr.aws/docker/library/python:3.13",
                "2.41",
                Some("5.3.0"),
            ),
            (
                "123456789012.dkr.ecr.eu-central-1.amazonaws.com/platform/base-images/team/python:3.11.9-slim-bookworm",
                "2.36",
                Some("5.3.0"),
            ),
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
            // Other distributions and systems than the usual one, and others' images of the same name.
            ("python:3.9-slim-buster", "names no distribution"),
            (
                "python:3.12-windowsservercore-ltsc2022",
                "names no distribution",
            ),
            ("python:3.8-slim", "names no distribution"),
            ("python:2.7", "names no distribution"),
            ("cgr.dev/chainguard/python:latest", "names no distribution"),
            ("bitnami/python:3.12", "names no distribution"),
            ("debian:99", "not known"),
            ("", "not known"),
        ] {
            let error = name.parse::<Image>().expect_err(name).to_string();
            assert!(error.contains(part), "{name}: {error}");
        }
    }
}

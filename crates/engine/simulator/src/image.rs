//! Images of containers: the distribution that a name means, and what follows from it.

use crate::choice::Choice;
use crate::distributions::{Manager, System, is_distribution, system_named};
use std::str::FromStr;
use thiserror::Error;

/// An image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Image {
    /// As it was given.
    pub name: String,
    system: System,
    choice: Choice,
    /// Why another release of glibc runs than its own; none where it is its own.
    instead: Option<String>,
    /// Whether it has no shell and no packages.
    is_bare: bool,
    /// Whether it has microdnf instead of dnf.
    is_minimal: bool,
    /// Whether its tag leaves the distribution's release open.
    is_guessed: bool,
}

/// An image that nothing is known of, or one whose C library is not modelled.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum UnknownImage {
    /// It has musl, or no C library at all.
    #[error("{image} has {has}; name an image with glibc, such as debian:12")]
    Other {
        /// The image.
        image: String,
        /// What it has, and what follows from that.
        has: &'static str,
    },
    /// It names no release of a distribution that is known.
    #[error(
        "{0} names no release of a distribution that is known; add one to its tag, such as -bookworm, or name the one in its /etc/os-release, such as {KNOWN}"
    )]
    Open(String),
}

impl FromStr for Image {
    type Err = UnknownImage;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A name has 255 characters at most and a tag 128; the digest behind them says nothing of the distribution.
        let name = text.trim().split('@').next().unwrap_or_default();
        let name: String = name.chars().filter(|c| !c.is_control()).take(400).collect();
        let lower = name.to_ascii_lowercase();
        let last = lower.rsplit('/').next().unwrap_or_default();
        let (image, tag) = last.split_once(':').unwrap_or((last, ""));
        let words = words(last);
        if words.iter().any(|word| word.starts_with("alpine")) {
            let has = "musl, whose malloc is not modelled and reads none of these settings";
            return Err(UnknownImage::Other { image: name, has });
        }
        if lower == "scratch" || lower.contains("distroless/static") {
            let has = "no C library, so a program runs with its own";
            return Err(UnknownImage::Other { image: name, has });
        }
        // The folders of a registry are looked at as well, as in ubi9/python-312, but not for the name of a release alone: a
        // company may be called Noble.
        let named =
            system_named(&words, true).or_else(|| system_named(&self::words(&lower), false));
        let usual = if image == "python" && is_official(lower.rsplit('/').skip(1)) {
            usual_debian(tag)
        } else {
            None
        };
        let is_guessed = named.is_none() && usual.is_some();
        let system = named.or_else(|| system_named(&[usual?], true));
        let asked = system.and_then(|system| {
            let asked = Choice::nearest(&format!("glibc@{}", system.glibc));
            Some((system, asked.ok()?))
        });
        let Some((system, asked)) = asked else {
            return Err(UnknownImage::Open(name));
        };
        Ok(Self {
            system,
            choice: asked.choice,
            instead: asked.instead,
            is_bare: lower.contains("distroless/")
                || words
                    .iter()
                    .any(|word| ["micro", "chiseled"].contains(word)),
            is_minimal: words.iter().any(|word| ["minimal", "slim"].contains(word)),
            is_guessed,
            name,
        })
    }
}

/// The words of a name, in small letters.
fn words(text: &str) -> Vec<&str> {
    let inside = |c: char| c.is_alphanumeric() || c == '.';
    let words = text.split(|c| !inside(c));
    words.filter(|word| !word.is_empty()).collect()
}

/// Whether a text that names no image that is known was meant as one.
pub(crate) fn is_like_an_image(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains(['/', ':']) || words(&text).into_iter().any(is_distribution)
}

/// Whether these folders, the innermost first, are those of Docker's official images, at Docker or at a mirror.
fn is_official<'a>(mut folders: impl Iterator<Item = &'a str>) -> bool {
    matches!(folders.next(), None | Some("library" | "docker.io"))
}

/// The release of Debian that an image of Python has whose tag names none and nothing that would be another distribution or
/// system: Debian 13 from August 2025 on, 12 from June 2023 on. A patch release that ended before stays as it was. docker-library's
/// official-images, library/python, changes of 2023-06-13 and 2025-08-11. None for older ones, and for releases before the final.
fn usual_debian(tag: &str) -> Option<&'static str> {
    let mut usual = "trixie";
    for word in tag.split('-') {
        let mut numbers = word.split('.');
        match (numbers.next(), numbers.next()) {
            (Some("" | "slim" | "latest" | "3"), None) => {}
            (Some("3"), Some(minor)) => {
                let (first_on_12, first_on_13) = match minor.parse().ok()? {
                    9 => (17, 23),
                    10 => (12, 18),
                    11 => (4, 13),
                    12 => (0, 11),
                    13 => (0, 6),
                    14.. => (0, 0),
                    _ => return None,
                };
                let patch: u32 = match numbers.next() {
                    Some(patch) => patch.parse().ok()?,
                    None => first_on_13,
                };
                if patch < first_on_12 {
                    return None;
                }
                if patch < first_on_13 {
                    usual = "bookworm";
                }
            }
            _ => return None,
        }
    }
    Some(usual)
}

/// Some of the images, as an error names them.
pub(crate) const KNOWN: &str = "debian:12, ubuntu:24.04, fedora:42, ubi9, amazonlinux:2023";

impl Image {
    /// The malloc of its C library, or the nearest one that is modelled.
    pub fn choice(&self) -> Choice {
        self.choice
    }

    /// The same, as an allocator is named.
    pub fn allocator(&self) -> String {
        self.choice.to_string()
    }

    /// What it is, where its name does not say it: its tag leaves the distribution's release open, so that the usual one is taken,
    /// or its C library is not modelled.
    pub(crate) fn note(&self) -> Option<String> {
        (self.is_guessed || self.instead.is_some()).then(|| self.in_words())
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

    /// What it is, in one sentence or two.
    pub fn in_words(&self) -> String {
        let (system, glibc) = (self.system.name(), self.system.glibc);
        let mut said = format!("{} has {system} with glibc {glibc}.", self.name);
        if self.is_guessed {
            said += " Its tag does not name the distribution: images of before August 2025 have Debian 12 or older. Write -bookworm or -trixie to be sure.";
        }
        if let Some(instead) = &self.instead {
            said = said + " " + instead;
        }
        said
    }

    /// One sentence where another release of glibc runs than the image's, as with settings out of a text that names it: what runs is
    /// chosen by the recording or the scenario. `how` says how the image's is run.
    pub fn keeps(&self, runs: Choice, is_recorded: bool, how: &str) -> Option<String> {
        let (library, release) = runs.parts();
        let is_other = library == self.choice.parts().0 && runs != self.choice;
        is_other.then(|| {
            let (image, system, glibc) = (&self.name, self.system.name(), self.system.glibc);
            let whose = if is_recorded { "the recording's " } else { "" };
            format!("{image} has {system} with glibc {glibc}, but {whose}glibc {release} runs; for the image's give {how}.")
        })
    }

    /// The command that installs jemalloc, for the shell of a build; none where no package is known.
    pub fn installs_jemalloc(&self) -> Option<String> {
        self.jemalloc()?;
        let number = self.system.number();
        let dnf = if self.is_minimal { "microdnf" } else { "dnf" };
        let then = format!("{dnf} install -y jemalloc && {dnf} clean all");
        // microdnf takes no address.
        let by_address = if self.is_minimal {
            "rpm -i"
        } else {
            "dnf install -y"
        };
        match self.system.manager() {
            Manager::Apt => Some(INSTALLS_JEMALLOC.to_owned()),
            Manager::Dnf => Some(then),
            Manager::DnfEpel => Some(format!(
                "{by_address} https://dl.fedoraproject.org/pub/epel/epel-release-latest-{number}.noarch.rpm && {then}"
            )),
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
    fn another_release_than_the_images_is_told() {
        let image: Image = "ubuntu:22.04".parse().expect("it is known");
        let glibc = |name: &str| Choice::nearest(name).expect("it is modelled").choice;
        let keeps = |runs: &str, is_recorded| image.keeps(glibc(runs), is_recorded, "--image X");
        assert_eq!(
            keeps("glibc@2.41", true).as_deref(),
            Some(
                "ubuntu:22.04 has Ubuntu 22.04 with glibc 2.35, but the recording's glibc 2.41 runs; for the image's give --image X."
            )
        );
        assert!(
            keeps("glibc@2.36", false).is_some_and(|text| text.contains("but glibc 2.36 runs;"))
        );
        assert_eq!(keeps("glibc@2.35", true), None);
        assert_eq!(keeps("jemalloc@5.3.0", true), None);
    }

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
            ("RHEL 10", "2.39", Some("5.3.0")),
            ("rhel:8.10", "2.28", Some("5.2.1")),
            ("Amazon Linux 2023", "2.34", None),
            (
                "registry.redhat.io/ubi8/python-312:1",
                "2.28",
                Some("5.2.1"),
            ),
            ("centos:stream9", "2.34", Some("5.2.1")),
            (
                "nvidia/cuda:12.4.1-runtime-ubuntu22.04",
                "2.35",
                Some("5.2.1"),
            ),
            (
                "nvidia/cuda:12.4.1-devel-rockylinux8",
                "2.28",
                Some("5.2.1"),
            ),
            ("eclipse-temurin:21-ubi9-minimal", "2.34", Some("5.2.1")),
            ("bitnami/redis:7.4-debian-12-r5", "2.36", Some("5.3.0")),
            ("openjdk:21-oraclelinux8", "2.28", Some("5.2.1")),
            ("public.ecr.aws/lambda/provided:al2023", "2.34", None),
            ("almalinux/9-base", "2.34", Some("5.2.1")),
            (
                "registry.fedoraproject.org/fedora-minimal:41",
                "2.40",
                Some("5.3.0"),
            ),
            ("node:20-buster-slim", "2.28", None),
            ("python:3.12.4-slim", "2.36", Some("5.3.0")),
            ("python:3.12.11-slim", "2.41", Some("5.3.0")),
            ("python:3.13.0", "2.36", Some("5.3.0")),
            ("python:3.11.4-slim", "2.36", Some("5.3.0")),
            ("python:3.9.23", "2.41", Some("5.3.0")),
            ("python:3.14.0-slim", "2.41", Some("5.3.0")),
            ("ubuntu:26.04", "2.43", Some("5.3.0")),
            ("eclipse-temurin:21-jre-resolute", "2.43", Some("5.3.0")),
            ("ubuntu:stonking", "2.44", None),
            ("ubuntu:25.10", "2.42", Some("5.3.0")),
            ("fedora:43", "2.42", Some("5.3.0")),
            ("fedora:45", "2.44", Some("5.3.0")),
            ("opensuse/leap:16.0", "2.40", None),
            ("buildpack-deps:forky-scm", "2.43", Some("5.3.1")),
            ("almalinux:10", "2.39", Some("5.3.0")),
            ("quay.io/centos/centos:stream10", "2.39", Some("5.3.0")),
            ("node:${NODE_VERSION}-bookworm-slim", "2.36", Some("5.3.0")),
            ("amazoncorretto:21-al2023-headless", "2.34", None),
            (
                "mcr.microsoft.com/mssql/server:2022-CU13-ubuntu-22.04",
                "2.35",
                Some("5.2.1"),
            ),
            (
                "gcr.io/distroless/base-nossl-debian12:nonroot",
                "2.36",
                None,
            ),
            ("debian:10", "2.28", None),
            ("ubuntu:24.10", "2.40", Some("5.3.0")),
            ("opensuse/leap:15.5", "2.31", None),
            ("paketobuildpacks/run-jammy-base", "2.35", Some("5.2.1")),
            ("Ubuntu-22.04", "2.35", Some("5.2.1")),
            ("bookworm", "2.36", Some("5.3.0")),
            ("ubi9-micro", "2.34", None),
            (
                "mcr.microsoft.com/dotnet/aspnet:8.0-noble-chiseled",
                "2.39",
                None,
            ),
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

    /// `PRETTY_NAME` of each distribution's `/etc/os-release`.
    #[test]
    fn distributions_are_known_by_what_they_call_themselves() {
        for (name, glibc) in [
            ("Debian GNU/Linux 12 (bookworm)", "2.36"),
            ("Ubuntu 22.04.4 LTS", "2.35"),
            ("Fedora Linux 41 (Container Image)", "2.40"),
            ("Red Hat Enterprise Linux 9.4 (Plow)", "2.34"),
            ("Red Hat Enterprise Linux release 8.10 (Ootpa)", "2.28"),
            ("Rocky Linux 9.4 (Blue Onyx)", "2.34"),
            ("AlmaLinux 9.4 (Seafoam Ocelot)", "2.34"),
            ("CentOS Stream 9", "2.34"),
            ("Oracle Linux Server 8.10", "2.28"),
            ("Amazon Linux 2023.5.20240903", "2.34"),
            ("openSUSE Leap 15.5", "2.31"),
        ] {
            let image: Image = name.parse().expect(name);
            assert_eq!(image.allocator(), format!("glibc@{glibc}"), "{name}");
            assert_eq!(image.note(), None, "{name}");
        }
    }

    #[test]
    fn a_c_library_that_is_not_modelled_is_named_with_the_one_that_runs() {
        for (name, glibc, runs) in [
            ("ubuntu:18.04", "2.27", "2.28"),
            ("amazonlinux:2", "2.26", "2.28"),
            ("amazonlinux:2.0.20240903.0", "2.26", "2.28"),
            ("centos:centos7", "2.17", "2.28"),
            ("ubuntu:23.10", "2.38", "2.39"),
            ("opensuse/leap:15.6", "2.38", "2.39"),
            ("opensuse/leap:15", "2.38", "2.39"),
        ] {
            let image: Image = name.parse().expect(name);
            assert_eq!(image.allocator(), format!("glibc@{runs}"), "{name}");
            let note = image.note().expect(name);
            let said = format!(
                "with glibc {glibc}. glibc {glibc} is not modelled; glibc@{runs} is used instead: "
            );
            assert!(note.contains(&said), "{note}");
        }
    }

    #[test]
    fn the_package_is_installed_by_the_manager_of_the_image() {
        let installs = |name: &str| name.parse::<Image>().expect(name).installs_jemalloc();
        let epel = "https://dl.fedoraproject.org/pub/epel/epel-release-latest-9.noarch.rpm";
        for (name, expected) in [
            (
                "oraclelinux:9",
                format!("dnf install -y {epel} && dnf install -y jemalloc && dnf clean all"),
            ),
            (
                "registry.access.redhat.com/ubi9/ubi-minimal:9.4",
                format!("rpm -i {epel} && microdnf install -y jemalloc && microdnf clean all"),
            ),
            (
                "fedora:42",
                "dnf install -y jemalloc && dnf clean all".to_owned(),
            ),
        ] {
            assert_eq!(installs(name), Some(expected), "{name}");
        }
        assert_eq!(installs("amazonlinux:2023"), None, "no package is known");
        assert_eq!(installs("ubi9-micro"), None, "it has no dnf");
    }

    #[test]
    fn an_image_that_cannot_be_advised_says_which_can() {
        for (name, part) in [
            ("alpine:3.20", "musl"),
            ("python:3.12-alpine", "musl"),
            ("node:22-slim", "-bookworm"),
            ("gcr.io/distroless/static-debian12:nonroot", "no C library"),
            ("scratch", "no C library"),
            ("mycompany/service:4", "debian:12"),
            ("cgr.dev/chainguard/wolfi-base", "/etc/os-release"),
            // Names of releases that move, and releases that are not known.
            ("ubuntu", "names no release"),
            ("debian:stable-slim", "names no release"),
            ("fedora:rawhide", "names no release"),
            ("opensuse/leap:42.3", "names no release"),
            ("debian:99", "names no release"),
            // Other systems than the usual one, and others' images of the same name.
            ("python:3.12-windowsservercore-ltsc2022", "names no release"),
            ("python:3.8-slim", "names no release"),
            ("python:2.7", "names no release"),
            // Never built on Debian 12, or of an unknown age.
            ("python:3.11.3-slim", "names no release"),
            ("python:3.9.1", "names no release"),
            ("python:3.14.0a5-slim", "names no release"),
            ("python:3.$MINOR-slim", "names no release"),
            // A company of that name.
            ("registry.example/noble/service:3", "names no release"),
            // Other distributions, and tags that leave it open.
            ("photon:5.0", "names no release"),
            ("archlinux:base", "names no release"),
            (
                "mcr.microsoft.com/azurelinux/base/core:3.0",
                "names no release",
            ),
            ("mcr.microsoft.com/dotnet/aspnet:8.0", "names no release"),
            ("public.ecr.aws/lambda/python:3.12", "names no release"),
            ("postgres:16", "names no release"),
            ("rust:1-slim", "names no release"),
            ("redis:8.2", "names no release"),
            ("php:8.3-fpm", "names no release"),
            ("oracle/graalvm-ce:21", "names no release"),
            (
                "quay.io/jupyter/minimal-notebook:2024-10-07",
                "names no release",
            ),
            ("cgr.dev/chainguard/python:latest", "names no release"),
            ("bitnami/python:3.12", "names no release"),
            // A number that belongs to something else.
            ("debian/postgres:12", "names no release"),
            ("elixir:9", "names no release"),
            ("", "names no release"),
        ] {
            let error = name.parse::<Image>().expect_err(name).to_string();
            assert!(error.contains(part), "{name}: {error}");
        }
    }
}

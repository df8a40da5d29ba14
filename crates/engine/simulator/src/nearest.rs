//! Allocators as people write them: names of packages, versions of distributions, and releases that are not modelled,
//! for which the nearest one that is runs instead.
//!
//! Nearest are releases with no change of the rules of placement between them, or with the fewest.

use crate::choice::Choice;
use crate::error::SimulatorError;
use crate::image::{Image, KNOWN, UnknownImage, is_like_an_image};
use highwater_allocator::repeated;
use highwater_glibc::Version as GlibcVersion;
use highwater_jemalloc::Version as JemallocVersion;
use std::str::FromStr;

/// An allocator that was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// The one that runs.
    pub choice: Choice,
    /// Why another release runs than the one that was asked for; none where it is that one.
    pub instead: Option<String>,
}

impl Choice {
    /// The allocator that replays a trace that was recorded with this one: the same release, the nearest one, or the default
    /// where no release of it is modelled; [`Asked::instead`] says which and why.
    pub fn recorded(name: &str, version: &str) -> Asked {
        if let Some(choice) = Self::named(name, version) {
            return Asked {
                choice,
                instead: None,
            };
        }
        Self::nearest(&format!("{name}@{version}")).unwrap_or_else(|_| {
            let choice = Self::default();
            Asked {
                choice,
                instead: Some(format!(
                    "The trace was recorded with {name} {version}, which is not modelled; {choice} is used instead."
                )),
            }
        })
    }

    /// The allocator that a text names: `glibc@2.36`, `glibc 2.36`, `libc6 2.36-9+deb12u4`, `jemalloc@5.2`, or an image or
    /// distribution, `ubuntu:24.04`, `Ubuntu 24.04`. Where its release is not modelled it is the nearest one, and
    /// [`Asked::instead`] says so; it also says what was assumed of an image.
    ///
    /// # Errors
    /// The text names no allocator that is modelled.
    pub fn nearest(text: &str) -> Result<Asked, SimulatorError> {
        let unknown = || SimulatorError::UnknownAllocator {
            asked: repeated(text),
            known: Self::all()
                .map(|choice| choice.to_string())
                .collect::<Vec<_>>()
                .join(", "),
            images: KNOWN,
        };
        let Some((name, version)) = parted(text) else {
            return match text.parse::<Image>() {
                Ok(image) => Ok(Asked {
                    choice: image.choice(),
                    instead: image.note(),
                }),
                Err(UnknownImage::Open(_)) if !is_like_an_image(text) => Err(unknown()),
                Err(error) => Err(SimulatorError::NotModelled(error.to_string())),
            };
        };
        let exactly = |choice| Asked {
            choice,
            instead: None,
        };
        if version.is_empty() {
            return Self::unversioned(name).map(exactly).ok_or_else(unknown);
        }
        let numbers = numbers(version).ok_or_else(unknown)?;
        if name == "glibc"
            && let Some(release) = of_package(&numbers, version)
        {
            return Ok(exactly(Self::Glibc(release)));
        }
        if let Some(choice) = Self::named(name, &written(&numbers)) {
            return Ok(exactly(choice));
        }
        let (choice, why) = match name {
            "glibc" => nearest_glibc(&numbers).ok_or_else(unknown)?,
            _ => nearest_jemalloc(&numbers).ok_or_else(unknown)?,
        };
        let asked = written(&numbers);
        Ok(Asked {
            choice,
            instead: Some(format!(
                "{name} {asked} is not modelled; {choice} is used instead: {why}."
            )),
        })
    }
}

impl FromStr for Choice {
    type Err = SimulatorError;

    /// Reads `NAME@VERSION`, or a package's name and version; a name alone stands for the version most are taken to run.
    /// A release that is not modelled is refused with the nearest one named: [`Choice::nearest`] takes that.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let asked = Self::nearest(text)?;
        match asked.instead {
            None => Ok(asked.choice),
            Some(why) => Err(SimulatorError::NotModelled(why)),
        }
    }
}

/// The release of a package in which the limit of arenas still follows the affinity mask, if it is one: those of 2.36 made
/// before 2.36-9+deb12u8, and those of RHEL 9 before 2.34-83.el9_3.12.
fn of_package(numbers: &[u32], version: &str) -> Option<GlibcVersion> {
    let release = format!("{}-", written(numbers));
    let (_, package) = version.split_once(&release)?;
    let number_at = |text: &str| -> u32 {
        let end = text.find(|c: char| !c.is_ascii_digit());
        text[..end.unwrap_or(text.len())].parse().unwrap_or(0)
    };
    match numbers {
        [2, 36] => {
            let update = package.strip_prefix("9+deb12u").map_or(0, number_at);
            (update < 8).then_some(GlibcVersion::V2_36ByAffinity)
        }
        [2, 34] => {
            let (_, updates) = package.split_once(".el9")?;
            let update = updates
                .rsplit_once('.')
                .map_or(0, |(_, last)| number_at(last));
            let made = (number_at(package), update);
            (made < (83, 12)).then_some(GlibcVersion::V2_34ByAffinity)
        }
        _ => None,
    }
}

/// The allocator's name, as it is called here, and the version behind it.
fn parted(text: &str) -> Option<(&'static str, &str)> {
    const NAMES: [(&str, &str); 7] = [
        ("glibc", "glibc"),
        ("libc6", "glibc"),
        ("libjemalloc2", "jemalloc"),
        ("libjemalloc1", "jemalloc"),
        ("libjemalloc", "jemalloc"),
        ("tikv-jemalloc", "jemalloc"),
        ("jemalloc", "jemalloc"),
    ];
    let text = text.trim();
    let begins = |start: &str| {
        let head = text.get(..start.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(start))
    };
    let named = NAMES.iter().find_map(|(written, name)| {
        let rest = begins(written).then(|| &text[written.len()..])?;
        let version = rest.trim_start_matches(['@', ' ', '-', '_', '=', ':', 'v', '(', '\t']);
        let is_version = version.is_empty()
            || (version.starts_with(|c: char| c.is_ascii_digit()) && version.len() < rest.len());
        is_version.then_some((*name, version))
    });
    named.or_else(|| Some(("glibc", glibc_within(text)?)))
}

/// The version of glibc in what `ldd --version` or a package manager prints, such as `ldd (Debian GLIBC 2.36-9+deb12u9) 2.36`, or
/// a version alone.
fn glibc_within(text: &str) -> Option<&str> {
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    let starts = |(at, _): &(usize, _)| {
        !text[..*at].ends_with(is_part) && text[at + 2..].starts_with(|c: char| c.is_ascii_digit())
    };
    let (at, _) = text.match_indices("2.").find(starts)?;
    let is_named = text[..at].to_ascii_lowercase().contains("libc");
    let is_glibc = (at == 0 || is_named) && !text.contains('/');
    let version = text[at..].split([' ', ')', '\t']).next();
    version.filter(|_| is_glibc)
}

/// The numbers at the start of a version, without a package's epoch before and its own number behind.
fn numbers(version: &str) -> Option<Vec<u32>> {
    let version = match version.split_once(':') {
        Some((epoch, rest)) if epoch.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => version,
    };
    let inside = |c: char| c.is_ascii_digit() || c == '.';
    let end = version.find(|c| !inside(c)).unwrap_or(version.len());
    let numbers = version[..end].trim_end_matches('.').split('.');
    let numbers: Option<Vec<u32>> = numbers.map(|number| number.parse().ok()).collect();
    numbers.filter(|numbers| numbers.len() >= 2)
}

fn written(numbers: &[u32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
    numbers.join(".")
}

fn nearest_glibc(numbers: &[u32]) -> Option<(Choice, &'static str)> {
    use GlibcVersion::{V2_28, V2_31, V2_36, V2_39};
    const NEWEST: GlibcVersion = GlibcVersion::ALL[GlibcVersion::ALL.len() - 1];
    let &[2, minor, ..] = numbers else {
        return None;
    };
    let (version, why) = match minor {
        0..26 => (
            V2_28,
            "it is the oldest modelled release, but has thread caches, which releases before 2.26 do not have",
        ),
        26..29 => (V2_28, "it is the oldest modelled release"),
        // Two numbers of the same release have been found equal above.
        29..34 => (V2_31, "no rule of placement changed between the two"),
        34..37 => (V2_36, "its rules came with 2.35"),
        37 => (V2_36, "2.37 differs only in when realloc keeps a chunk"),
        38..41 => (
            V2_39,
            "2.38 differs only in how it reads settings, and at first in memalign",
        ),
        _ => (NEWEST, "it is the newest modelled release"),
    };
    Some((Choice::Glibc(version), why))
}

fn nearest_jemalloc(numbers: &[u32]) -> Option<(Choice, &'static str)> {
    use JemallocVersion::{V5_2_1, V5_3_0, V5_3_1};
    let major = *numbers.first()?;
    let minor = numbers.get(1).copied().unwrap_or(0);
    let (version, why) = match (major, minor) {
        (0..5, _) => (
            V5_2_1,
            "it is the oldest modelled release; releases before 5.0 have other size classes and another decay",
        ),
        (5, 0 | 1) => (V5_2_1, "it is the oldest modelled release"),
        (5, 2) => (V5_2_1, "it is the last release of that series"),
        (5, 3) if numbers.len() == 2 => (
            V5_3_0,
            "it is the release of that series that distributions have",
        ),
        (5, 3) => (V5_3_1, "it is the newest modelled release"),
        _ => (V5_3_1, "it is the newest modelled release"),
    };
    Some((Choice::Jemalloc(version), why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_written_name_at_version() {
        let choice: Choice = "glibc@2.36".parse().expect("it is modelled");
        assert_eq!(choice.to_string(), "glibc@2.36");
        assert_eq!("glibc".parse::<Choice>(), Ok(choice));
        let error = "glibc@2.99".parse::<Choice>().expect_err("it is not");
        assert!(error.to_string().contains("glibc@2.44"), "{error}");
    }

    #[test]
    fn packages_are_taken_by_their_release() {
        for (text, choice) in [
            ("glibc@2.36", "glibc@2.36"),
            ("glibc 2.36", "glibc@2.36"),
            ("glibc@2.36-9+deb12u14", "glibc@2.36"),
            ("glibc@2.36-9+deb12u8", "glibc@2.36"),
            ("glibc@2.36-9+deb12u4", "glibc@2.36-9+deb12u7"),
            ("libc6 2.36-9", "glibc@2.36-9+deb12u7"),
            ("libc6 2.36-0ubuntu4", "glibc@2.36-9+deb12u7"),
            ("glibc@2.28-251.el8", "glibc@2.28"),
            ("glibc-2.34-60.el9", "glibc@2.34-60.el9"),
            ("glibc-2.34-83.el9_3.7", "glibc@2.34-60.el9"),
            ("glibc-2.34-83.el9_3.12", "glibc@2.34"),
            ("glibc-2.34-168.el9", "glibc@2.34"),
            ("glibc 2.34-52.amzn2023.0.11", "glibc@2.34"),
            ("glibc@2.35-0ubuntu3.4", "glibc@2.35"),
            ("ubuntu:24.04", "glibc@2.39"),
            ("Ubuntu 22.04", "glibc@2.35"),
            ("debian:bookworm-slim", "glibc@2.36"),
            ("ubi9", "glibc@2.34"),
            ("python:3.12-slim-trixie", "glibc@2.41"),
            ("amazonlinux:2023", "glibc@2.34"),
            ("2.36-9+deb12u9", "glibc@2.36"),
            ("2.36-9+deb12u4", "glibc@2.36-9+deb12u7"),
            ("2.35-0ubuntu3.8", "glibc@2.35"),
            ("2.34-125.el9_5.1", "glibc@2.34"),
            ("2.36", "glibc@2.36"),
            ("libc6:amd64 2.36-9+deb12u9", "glibc@2.36"),
            ("ldd (Ubuntu GLIBC 2.35-0ubuntu3.8) 2.35", "glibc@2.35"),
            ("ldd (GNU libc) 2.34", "glibc@2.34"),
            (
                "GNU C Library (Debian GLIBC 2.36-9+deb12u4) stable release version 2.36.",
                "glibc@2.36-9+deb12u7",
            ),
            ("glibc2.36", "glibc@2.36"),
            ("glibc-2.31", "glibc@2.31"),
            ("GLIBC 2.41", "glibc@2.41"),
            ("libc-2.31.so", "glibc@2.31"),
            ("glibc", "glibc@2.36"),
            ("jemalloc", "jemalloc@5.3.0"),
            ("libjemalloc2 5.3.0-1", "jemalloc@5.3.0"),
            ("jemalloc 5.3.0-1ubuntu1", "jemalloc@5.3.0"),
            ("jemalloc@5.2.1-4ubuntu1", "jemalloc@5.2.1"),
        ] {
            let asked = Choice::nearest(text).expect(text);
            assert_eq!(asked.choice.to_string(), choice, "{text}");
            assert_eq!(asked.instead, None, "{text}");
            assert_eq!(text.parse::<Choice>().ok(), Some(asked.choice), "{text}");
        }
    }

    #[test]
    fn the_nearest_release_is_named_and_why() {
        for (text, choice) in [
            ("glibc@2.17", "glibc@2.28"),
            ("glibc@2.26-64.amzn2", "glibc@2.28"),
            ("glibc@2.33", "glibc@2.31"),
            ("glibc@2.37", "glibc@2.36"),
            ("glibc@2.38", "glibc@2.39"),
            ("glibc@2.45", "glibc@2.44"),
            ("jemalloc@5.2", "jemalloc@5.2.1"),
            ("jemalloc@5.3", "jemalloc@5.3.0"),
            ("jemalloc@4.5.0", "jemalloc@5.2.1"),
            ("jemalloc@3.6", "jemalloc@5.2.1"),
            ("jemalloc@6.0.0", "jemalloc@5.3.1"),
        ] {
            let asked = Choice::nearest(text).expect(text);
            assert_eq!(asked.choice.to_string(), choice, "{text}");
            let instead = asked.instead.expect(text);
            assert!(
                instead.contains("not modelled") && instead.contains(choice),
                "{instead}"
            );
            let error = text.parse::<Choice>().expect_err(text).to_string();
            assert!(error.contains(choice), "never silently: {error}");
        }
    }

    #[test]
    fn what_an_image_leaves_open_is_said() {
        let asked = Choice::nearest("python:3.12-slim").expect("it is known");
        assert_eq!(asked.choice.to_string(), "glibc@2.41");
        assert!(asked.instead.expect("a guess").contains("Debian 13"));
        let error = Choice::nearest("alpine:3.20").expect_err("musl");
        assert!(error.to_string().contains("musl"), "{error}");
        for text in [
            "ubuntu",
            "centos:latest",
            "mycompany/service:4",
            "sha256:0a1b",
        ] {
            let error = Choice::nearest(text).expect_err(text).to_string();
            assert!(error.starts_with(text), "{error}");
            assert!(
                error.contains("names no release of a distribution"),
                "{error}"
            );
        }
        let old = Choice::nearest("ubuntu:18.04").expect("it is known");
        assert!(old.instead.expect("another runs").contains("glibc 2.27"));
        let error = Choice::nearest("tcmalloc").expect_err("no allocator");
        assert!(error.to_string().contains("ubuntu:24.04"), "{error}");
    }

    #[test]
    fn what_names_no_modelled_allocator_is_refused() {
        for text in [
            "",
            "tcmalloc",
            "glibc@",
            "glibc@x",
            "glibc@9",
            "glibc@3.1",
            "glibcx",
            "jemallocator 1.0",
            "musl 1.2.5",
            "glibc@99999999999.1",
            "myapp 2.36",
            "registry/x-glibc:2.31",
            "12.36",
        ] {
            let refused = Choice::nearest(text);
            assert!(refused.is_err() || text == "glibc@", "{text}: {refused:?}");
        }
    }
}

//! The one table of distributions: the names of their images, the C library that each release has, and the packages that
//! can be installed in it.

use highwater_glibc::Version as Glibc;

/// How packages are installed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Manager {
    Apt,
    /// dnf, where the package is in the distribution.
    Dnf,
    /// dnf, where the package is in EPEL, which is added by its address.
    DnfEpel,
    /// None in the image, or the package is not known.
    None,
}

/// Each distribution's name, and between bars the words by which images and `/etc/os-release` name it; the first is its own
/// image. These tables are text, which takes less of the page than structures.
///
/// Red Hat's own images come after those of the same releases that need no registration.
const FAMILIES: [&str; 7] = [
    "Debian|debian",
    "Ubuntu|ubuntu",
    "Fedora|fedora",
    "Enterprise Linux|rockylinux|almalinux|centos|oraclelinux|rocky|alma|oracle|el",
    "RHEL|ubi|rhel|hat",
    "Amazon Linux|amazonlinux|amazon|al",
    "openSUSE Leap|leap",
];

/// A line for each release: the first word of its family, its number with the other names that tags give it, its glibc, and
/// its jemalloc where that is known and modelled.
///
/// Debian's are from its packages as of November 2026 (those of testing and unstable move), Ubuntu's from the packages of its
/// images (docker-library's repo-info) and its package pages, Fedora's and EPEL's from theirs, the others' from what their
/// images and packages are called. openSUSE Leap 15.6 has the C library of SUSE Linux Enterprise 15 SP6.
const RELEASES: &str = "\
debian 10|buster 2.28
debian 11|bullseye 2.31 5.2.1
debian 12|bookworm 2.36 5.3.0
debian 13|trixie 2.41 5.3.0
debian testing|forky 2.43 5.3.1
debian unstable|sid 2.43 5.3.1
debian experimental|rc-buggy 2.44
ubuntu 18.04|bionic 2.27
ubuntu 20.04|focal 2.31 5.2.1
ubuntu 22.04|jammy 2.35 5.2.1
ubuntu 23.10|mantic 2.38
ubuntu 24.04|noble 2.39 5.3.0
ubuntu 24.10|oracular 2.40 5.3.0
ubuntu 25.04|plucky 2.41 5.3.0
ubuntu 25.10|questing 2.42 5.3.0
ubuntu 26.04|resolute 2.43 5.3.0
ubuntu 26.10|stonking 2.44
fedora 40 2.39 5.3.0
fedora 41 2.40 5.3.0
fedora 42 2.41 5.3.0
fedora 43 2.42 5.3.0
fedora 44 2.43 5.3.0
fedora 45 2.44 5.3.0
rockylinux 7 2.17
rockylinux 8 2.28 5.2.1
rockylinux 9 2.34 5.2.1
rockylinux 10 2.39 5.3.0
ubi 8 2.28 5.2.1
ubi 9 2.34 5.2.1
ubi 10 2.39 5.3.0
amazonlinux 2 2.26
amazonlinux 2023 2.34
leap 15.5|15.4|15.3 2.31
leap 15.6|15 2.38
leap 16.0 2.40
";

/// A release of a distribution, and what it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct System {
    family: &'static str,
    /// Its number, and the other names that tags give it, between bars.
    numbers: &'static str,
    /// The release of its C library.
    pub(crate) glibc: &'static str,
    /// The release of its package of jemalloc; none where that is not known or not modelled.
    pub(crate) jemalloc: Option<&'static str>,
}

/// All of them, those of a family from the oldest on.
fn systems() -> impl Iterator<Item = System> {
    RELEASES.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let family = words.next()?;
        Some(System {
            family: FAMILIES
                .into_iter()
                .find(|known| known.split('|').nth(1) == Some(family))?,
            numbers: words.next()?,
            glibc: words.next()?,
            jemalloc: words.next(),
        })
    })
}

impl System {
    /// The words by which its distribution is named.
    fn words(&self) -> impl Iterator<Item = &'static str> {
        self.family.split('|').skip(1)
    }

    /// Its number.
    pub(crate) fn number(&self) -> &'static str {
        self.numbers.split('|').next().unwrap_or_default()
    }

    /// Name and number.
    pub(crate) fn name(&self) -> String {
        let name = self.family.split('|').next().unwrap_or_default();
        format!("{name} {}", self.number())
    }

    pub(crate) fn manager(&self) -> Manager {
        match self.words().next() {
            Some("debian" | "ubuntu") => Manager::Apt,
            Some("fedora") => Manager::Dnf,
            Some("rockylinux" | "ubi") => Manager::DnfEpel,
            _ => Manager::None,
        }
    }

    /// Its own image, as one writes it.
    fn image(&self) -> String {
        let image = self.words().next().unwrap_or_default();
        let number = self.number();
        let between = if image == "ubi" { "" } else { ":" };
        format!("{image}{between}{number}")
    }

    /// Whether the word behind a distribution's name is a release of it, or begins with its number.
    fn is_release(&self, word: &str) -> bool {
        let word = word.strip_prefix("stream").unwrap_or(word);
        let rest = word.strip_prefix(self.number());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            || self.numbers.split('|').any(|name| name == word)
    }

    /// Whether a word is the name of the release, which needs no distribution before it.
    fn is_named(&self, word: &str) -> bool {
        self.numbers.split('|').any(|name| name == word) && word.starts_with(char::is_alphabetic)
    }
}

/// Words between the name of a distribution and its release.
const BETWEEN: &str = "linux gnu stream minimal base slim micro init release enterprise server";

/// What the words of an image, or of a distribution's name, mean: the release that they name, by a distribution with a number
/// or, where `alone`, by the name of a release alone.
pub(crate) fn system_named(words: &[&str], alone: bool) -> Option<System> {
    systems().find(|system| {
        words.iter().enumerate().any(|(at, word)| {
            let behind = words[at + 1..].iter();
            let next = behind
                .copied()
                .find(|word| BETWEEN.split(' ').all(|between| between != *word));
            let is_next = next.is_some_and(|next| system.is_release(next));
            let is_release_of = |name: &str| {
                let number = word.strip_prefix(name);
                number.is_some_and(|number| match number {
                    "" => is_next,
                    number => system.is_release(number),
                })
            };
            (alone && system.is_named(word)) || system.words().any(is_release_of)
        })
    })
}

/// Whether a word is the name of a distribution.
pub(crate) fn is_distribution(word: &str) -> bool {
    let mut words = FAMILIES.iter().flat_map(|family| family.split('|'));
    words.any(|known| known == word)
}

/// The distributions that have a release of glibc, each as a name in words and as an image.
pub(crate) fn systems_with(glibc: Glibc) -> impl Iterator<Item = (String, String)> {
    let name = glibc.name();
    let of = systems().filter(move |system| system.glibc == name);
    of.map(|system| (system.name(), system.image()))
}

//! The one table of distributions: the names of their images, the C library that each has, and the packages that can be
//! installed in it.

use highwater_glibc::Version as Glibc;
use highwater_jemalloc::Version as Jemalloc;

/// How packages are installed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Manager {
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
    pub(crate) name: &'static str,
    /// How tags name it; the first also stands alone behind the distribution's own name.
    pub(crate) tags: &'static [&'static str],
    /// The images that are this distribution itself.
    pub(crate) images: &'static [&'static str],
    pub(crate) glibc: Glibc,
    pub(crate) jemalloc: Option<Jemalloc>,
    pub(crate) manager: Manager,
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
        images: &[
            "rockylinux",
            "almalinux",
            "centos",
            "oraclelinux",
            "rocky",
            "alma",
        ],
        manager: Manager::DnfEpel,
        ..debian(name, tags, glibc, jemalloc)
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
pub(crate) const DEBIAN_13: System = debian("Debian 13", &["13", "trixie"], Glibc::V2_41, NEW);

/// What is known of distributions: Debian's from its packages, the others' from what their images and packages are called.
pub(crate) const SYSTEMS: [System; 24] = [
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

impl System {
    /// Its own image, as one writes it.
    fn image(&self) -> String {
        let image = self.images.first().copied().unwrap_or_default();
        match self.tags.first() {
            Some(tag) if !image.ends_with(tag) => format!("{image}:{tag}"),
            _ => image.to_owned(),
        }
    }

    /// Whether a word of a tag is a release of it, or begins with its number.
    pub(crate) fn is_release(&self, word: &str) -> bool {
        let word = word.strip_prefix("stream").unwrap_or(word);
        self.tags.iter().any(|tag| {
            let rest = word.strip_prefix(tag);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }
}

/// The distributions that have a release of glibc, each as a name in words and as an image.
pub(crate) fn systems_with(glibc: Glibc) -> impl Iterator<Item = (&'static str, String)> {
    let of = SYSTEMS
        .into_iter()
        .filter(move |system| system.glibc == glibc);
    of.map(|system| (system.name, system.image()))
}

//! The parts that commands need and a machine may lack: why, and the packages that have them.

/// A part that commands need and a machine may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    WasmStd,
    Trunk,
    WasmBindgen,
    Chromium,
    Firefox,
    Geckodriver,
    Node,
    Jemalloc,
    Deny,
    CxxCompiler,
}

impl Part {
    /// The parts that build the page.
    pub(crate) const PAGE: &[Self] = &[Self::WasmStd, Self::Trunk, Self::WasmBindgen];

    /// The parts that take pictures of the page.
    pub(crate) const PICTURES: &[Self] = &[
        Self::WasmStd,
        Self::Trunk,
        Self::WasmBindgen,
        Self::Chromium,
    ];

    /// The parts that build the fuzz targets.
    pub(crate) const FUZZING: &[Self] = &[Self::CxxCompiler];

    /// The parts of all commands, in the order in which they are installed.
    pub(crate) const ALL: &[Self] = &[
        Self::WasmStd,
        Self::Trunk,
        Self::WasmBindgen,
        Self::Deny,
        Self::Geckodriver,
        Self::Chromium,
        Self::Firefox,
        Self::Node,
        Self::Jemalloc,
        Self::CxxCompiler,
    ];

    /// Returns the reason why it is needed.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::WasmStd => "the page is compiled for WebAssembly",
            Self::Trunk => "it builds and serves the page",
            Self::WasmBindgen => "it connects the page's module with JavaScript",
            Self::Chromium => "the page is tested and photographed in a real browser",
            Self::Firefox => {
                "the page's main flows are tested in a second browser, of another engine"
            }
            Self::Geckodriver => "it steers Firefox in these tests",
            Self::Node => "the JavaScript package is tested in Node 18 or later",
            Self::Jemalloc => "the model of jemalloc is compared with the real library",
            Self::Deny => "it checks the dependencies' licences, sources and known faults",
            Self::CxxCompiler => "libFuzzer, which drives the fuzz targets, is written in C++",
        }
    }

    /// Returns Debian's packages of it and those of other distributions.
    pub(super) fn packages(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::WasmStd => (
                &super::wasm_std::DEBIAN_PACKAGES,
                "Fedora: rust-std-static-wasm32-unknown-unknown; Arch: rust-wasm",
            ),
            Self::Chromium => (
                &["chromium", "chromium-driver", "fonts-dejavu-core"],
                "Fedora: chromium chromedriver; Arch: chromium; elsewhere: Chromium and chromedriver of one version on \
                 PATH, or their paths in CHROME and CHROMEDRIVER",
            ),
            Self::Firefox => (
                &["firefox-esr", "fonts-dejavu-core"],
                "Fedora, Arch: firefox; elsewhere: Firefox on PATH, or its path in FIREFOX",
            ),
            Self::Node => (&["nodejs"], "Fedora, Arch: nodejs; elsewhere: nodejs.org"),
            Self::Jemalloc => (&["libjemalloc2"], "Fedora, Arch: jemalloc"),
            Self::CxxCompiler => (
                &["g++"],
                "Fedora: gcc-c++; Arch: gcc; elsewhere: a C++ compiler named by CXX",
            ),
            Self::Trunk | Self::WasmBindgen | Self::Deny | Self::Geckodriver => (&[], ""),
        }
    }
}

//! A real browser and the driver through which tests steer it. Both come from one source, so that their versions agree.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::process;

/// Names under which Chromium and its relatives are installed.
const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// The browser of the tests.
#[derive(Debug)]
pub(crate) struct Browser {
    chromium: PathBuf,
    driver: PathBuf,
}

impl Browser {
    /// Finds both.
    pub(crate) fn find() -> Option<Self> {
        let chromium =
            named_by("CHROME").or_else(|| BROWSERS.iter().find_map(|name| process::find(name)))?;
        let driver = named_by("CHROMEDRIVER").or_else(|| process::find("chromedriver"))?;
        Some(Self { chromium, driver })
    }

    /// Lets a program know where they are.
    pub(crate) fn apply(&self, command: &mut Command) {
        command
            .env("CHROME", &self.chromium)
            .env("CHROMEDRIVER", &self.driver);
    }
}

fn named_by(variable: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(variable)?);
    Path::is_file(&path).then_some(path)
}

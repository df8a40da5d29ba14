//! The browsers of the tests and the drivers through which tests steer them.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{process, workspace};

/// Names under which Chromium and its relatives are installed.
const CHROMIUM: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Names under which Firefox is installed.
const FIREFOX: [&str; 2] = ["firefox-esr", "firefox"];

/// A browser with its driver, each with the variable that names its path.
#[derive(Debug)]
pub(crate) struct Browser {
    browser: (&'static str, PathBuf),
    driver: (&'static str, PathBuf),
}

impl Browser {
    /// Returns Chromium, which was set up. It comes from one source with its driver, so that their versions agree.
    ///
    /// # Errors
    /// It or its driver is not there.
    pub(crate) fn chromium() -> Result<Self> {
        let chromium = chromium().context("no Chromium was set up")?;
        let driver = chromedriver().context("no chromedriver was set up")?;
        Ok(Self {
            browser: ("CHROME", chromium),
            driver: ("CHROMEDRIVER", driver),
        })
    }

    /// Returns Firefox, which was set up.
    ///
    /// # Errors
    /// It or its driver is not there.
    pub(crate) fn firefox() -> Result<Self> {
        let firefox = firefox().context("no Firefox was set up")?;
        let driver = geckodriver().context("no geckodriver was set up")?;
        Ok(Self {
            browser: ("FIREFOX", firefox),
            driver: ("GECKODRIVER", driver),
        })
    }

    /// Lets a program know where they are.
    pub(crate) fn apply(&self, command: &mut Command) {
        command
            .env(self.browser.0, &self.browser.1)
            .env(self.driver.0, &self.driver.1);
    }
}

/// Whether Chromium and its driver are there.
pub(crate) fn has_chromium() -> bool {
    chromium().is_some() && chromedriver().is_some()
}

/// Whether Firefox is there.
pub(crate) fn has_firefox() -> bool {
    firefox().is_some()
}

/// Whether geckodriver is there, in any version that starts.
pub(crate) fn has_geckodriver() -> bool {
    geckodriver()
        .is_some_and(|driver| process::output(process::command(driver).arg("--version")).is_ok())
}

fn chromium() -> Option<PathBuf> {
    named_by("CHROME").or_else(|| CHROMIUM.iter().find_map(|name| process::find(name)))
}

fn chromedriver() -> Option<PathBuf> {
    named_by("CHROMEDRIVER").or_else(|| process::find("chromedriver"))
}

fn firefox() -> Option<PathBuf> {
    named_by("FIREFOX").or_else(|| FIREFOX.iter().find_map(|name| process::find(name)))
}

fn geckodriver() -> Option<PathBuf> {
    let installed = || {
        let path = process::path_with(&[&workspace::tools_dir().join("bin")]).ok()?;
        process::find_on(&path, "geckodriver")
    };
    named_by("GECKODRIVER").or_else(installed)
}

fn named_by(variable: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(variable)?);
    Path::is_file(&path).then_some(path)
}

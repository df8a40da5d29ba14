//! The browsers of the tests, each under its driver: what both do by WebDriver, and which of them a test runs in. What WebDriver
//! itself lacks is in a file for each.

mod chromium;
mod firefox;

use std::{
    cell::Cell,
    env,
    io::{BufRead, BufReader},
    mem,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use anyhow::{Context, Result, bail, ensure};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::Value;
use tempfile::TempDir;

use crate::page::View;

/// A browser that tests run in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Browser {
    Chromium,
    Firefox,
}

thread_local! {
    /// The browser of the test that this thread runs.
    static BROWSER: Cell<Browser> = const { Cell::new(Browser::Chromium) };
}

/// Runs a test in Firefox: every browser that it starts is one.
pub(crate) fn in_firefox(test: impl FnOnce() -> Result<()>) -> Result<()> {
    BROWSER.set(Browser::Firefox);
    let result = test();
    BROWSER.set(Browser::Chromium);
    result
}

/// A driver's process, ended when it is dropped.
pub(crate) struct Driver {
    browser: Browser,
    process: Child,
    port: u16,
    profile: TempDir,
    /// The lines that the driver and its browser wrote, but for those already taken.
    lines: Arc<Mutex<Vec<String>>>,
}

impl Driver {
    /// Starts the driver of this test's browser, on a port of its own choice. Chromium's takes a free port of one protocol and wants
    /// the same of the other: where that is taken it ends, and is started again.
    pub(crate) fn start() -> Result<Self> {
        const STARTS: u32 = 5;
        let browser = BROWSER.get();
        for _ in 0..STARTS {
            if let Some(driver) = Self::started(browser)? {
                return Ok(driver);
            }
        }
        bail!("the driver of {browser:?} ended {STARTS} times without naming its port")
    }

    /// Starts a driver; `None` where it ends without naming its port.
    fn started(browser: Browser) -> Result<Option<Self>> {
        let mut command = match browser {
            Browser::Chromium => chromium::driver(),
            Browser::Firefox => firefox::driver(),
        };
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {:?}", command.get_program()))?;
        let output = process.stdout.take().context("its output is a pipe")?;
        let mut driver = Self {
            browser,
            process,
            port: 0,
            profile: TempDir::with_prefix("highwater-browser-")?,
            lines: Arc::default(),
        };
        let mut output = BufReader::new(output);
        let mut line = String::new();
        while driver.port == 0 {
            line.clear();
            if output.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            driver.port = port(&line).unwrap_or_default();
        }
        // Read to its end: a driver that cannot write what it wants to say would end.
        let lines = Arc::clone(&driver.lines);
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                lock(&lines).push(line);
            }
        });
        Ok(Some(driver))
    }

    /// Starts a browser.
    pub(crate) async fn browser(&self) -> Result<Client> {
        let capabilities = match self.browser {
            Browser::Chromium => chromium::capabilities(self.profile.path()),
            Browser::Firefox => firefox::capabilities(),
        };
        ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{}", self.port))
            .await
            .with_context(|| format!("{:?} does not start", self.browser))
    }

    /// Changes the size of the window's inside, and the colours that the user prefers.
    pub(crate) async fn look(&self, client: &Client, view: View) -> Result<()> {
        match self.browser {
            Browser::Chromium => chromium::look(client, view).await,
            Browser::Firefox => firefox::look(client, view).await,
        }
    }

    /// Whether the page has heard of such a change.
    pub(crate) async fn has_look(&self, client: &Client, view: View) -> Result<bool> {
        match self.browser {
            Browser::Chromium => Ok(true),
            Browser::Firefox => firefox::has_look(client, view).await,
        }
    }

    /// Sees to it that all that was written to the console so far will have arrived.
    pub(crate) async fn end_console(&self, client: &Client) -> Result<()> {
        match self.browser {
            Browser::Chromium => Ok(()),
            Browser::Firefox => firefox::end_console(client).await,
        }
    }

    /// Whether it has arrived.
    pub(crate) fn has_ended(&self) -> bool {
        match self.browser {
            Browser::Chromium => true,
            Browser::Firefox => firefox::has_ended(&lock(&self.lines)),
        }
    }

    /// What was written to the console as an error (or thrown and not caught) since this was asked last.
    pub(crate) async fn console_errors(&self, client: &Client) -> Result<Vec<String>> {
        match self.browser {
            Browser::Chromium => chromium::console_errors(client).await,
            Browser::Firefox => firefox::console_errors(client, self.take_lines()).await,
        }
    }

    /// Takes a picture (PNG) of the window, or of the whole page, however long it is.
    pub(crate) async fn screenshot(&self, client: &Client, whole: bool) -> Result<Vec<u8>> {
        match self.browser {
            Browser::Chromium => chromium::screenshot(client, whole).await,
            Browser::Firefox => firefox::screenshot(client, whole).await,
        }
    }

    /// Has downloads saved into a folder, without a question.
    pub(crate) async fn save_into(&self, client: &Client, folder: &Path) -> Result<()> {
        match self.browser {
            Browser::Chromium => chromium::save_into(client, folder).await,
            Browser::Firefox => firefox::save_into(client, folder).await,
        }
    }

    /// Sends a command of the DevTools protocol, which only Chromium has.
    pub(crate) async fn devtools(
        &self,
        client: &Client,
        command: &'static str,
        parameters: Value,
    ) -> Result<Value> {
        ensure!(
            self.browser == Browser::Chromium,
            "{command} is of Chromium's own protocol"
        );
        chromium::devtools(client, command, parameters).await
    }

    fn take_lines(&self) -> Vec<String> {
        mem::take(&mut *lock(&self.lines))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn lock(lines: &Mutex<Vec<String>>) -> std::sync::MutexGuard<'_, Vec<String>> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The port in a driver's greeting: "ChromeDriver was started successfully on port 12345." or "Listening on 127.0.0.1:12345".
fn port(line: &str) -> Option<u16> {
    let line = line.trim_end().trim_end_matches('.');
    let (_, port) = line
        .split_once("successfully on port ")
        .or_else(|| line.split_once("Listening on 127.0.0.1:"))?;
    port.parse().ok()
}

/// The program that a variable names, or else one of this name on `PATH`.
fn program(variable: &str, name: &str) -> Command {
    Command::new(env::var_os(variable).unwrap_or_else(|| name.into()))
}

//! Chromium under chromedriver: starting both, ending both, and the two commands that WebDriver itself lacks.

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
};

use anyhow::{Context, Result, bail};
use fantoccini::{Client, ClientBuilder, wd::WebDriverCompatibleCommand};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use url::{ParseError, Url};

/// A browser with nothing of the machine's: no profile, no extensions, no sandbox (tests may run as root), no traffic
/// of its own.
const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    // A test opens more links in a second than a browser lets a page do by default.
    "--disable-ipc-flooding-protection",
];

/// A chromedriver process, ended when it is dropped.
pub(crate) struct Driver {
    process: Child,
    port: u16,
    profile: TempDir,
    /// Kept open: a driver that cannot write what it wants to say would end.
    output: BufReader<ChildStdout>,
}

impl Driver {
    /// Starts chromedriver on a port of its own choice.
    pub(crate) fn start() -> Result<Self> {
        let program = env::var_os("CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
        let mut process = Command::new(&program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.to_string_lossy()))?;
        let output = process.stdout.take().context("its output is a pipe")?;
        let mut driver = Self {
            process,
            port: 0,
            profile: TempDir::with_prefix("highwater-browser-")?,
            output: BufReader::new(output),
        };
        let mut line = String::new();
        while driver.output.read_line(&mut line)? > 0 {
            // "ChromeDriver was started successfully on port 12345."
            if let Some((_, port)) = line.trim_end().split_once("successfully on port ") {
                driver.port = port.trim_end_matches('.').parse()?;
                return Ok(driver);
            }
            line.clear();
        }
        bail!("chromedriver ended without naming its port")
    }

    /// Starts a browser.
    pub(crate) async fn browser(&self) -> Result<Client> {
        let mut flags: Vec<String> = FLAGS.map(str::to_owned).to_vec();
        flags.push(format!("--user-data-dir={}", self.profile.path().display()));
        let mut options = json!({ "args": flags });
        if let Ok(chromium) = env::var("CHROME") {
            options["binary"] = chromium.into();
        }
        let mut capabilities = Map::new();
        capabilities.insert("browserName".to_owned(), "chrome".into());
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
        ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{}", self.port))
            .await
            .context("Chromium does not start")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A command of chromedriver's own.
#[derive(Debug)]
pub(crate) enum Extension {
    /// What was written to the console since this was asked last.
    Console,
    /// A command of the DevTools protocol, with its parameters.
    DevTools(&'static str, Value),
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        let session = session.unwrap_or_default();
        let name = match self {
            Self::Console => "se/log",
            Self::DevTools(..) => "goog/cdp/execute",
        };
        base.join(&format!("session/{session}/{name}"))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let body = match self {
            Self::Console => json!({ "type": "browser" }),
            Self::DevTools(command, parameters) => {
                json!({ "cmd": command, "params": parameters })
            }
        };
        (Method::POST, Some(body.to_string()))
    }
}

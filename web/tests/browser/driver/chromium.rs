//! Chromium under chromedriver: its flags, and the commands of the DevTools protocol for what WebDriver itself lacks.

use std::{env, path::Path, process::Command};

use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use fantoccini::{
    Client,
    wd::{Capabilities, WebDriverCompatibleCommand},
};
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

use crate::page::View;

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

pub(super) fn driver() -> Command {
    let mut command = super::program("CHROMEDRIVER", "chromedriver");
    command.arg("--port=0");
    command
}

pub(super) fn capabilities(profile: &Path) -> Capabilities {
    let mut flags: Vec<String> = FLAGS.map(str::to_owned).to_vec();
    flags.push(format!("--user-data-dir={}", profile.display()));
    let mut options = json!({ "args": flags });
    if let Ok(chromium) = env::var("CHROME") {
        options["binary"] = chromium.into();
    }
    let mut capabilities = Capabilities::new();
    capabilities.insert("browserName".to_owned(), "chrome".into());
    capabilities.insert("goog:chromeOptions".to_owned(), options);
    capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
    capabilities
}

pub(super) async fn look(client: &Client, view: View) -> Result<()> {
    let size = json!({
        "width": view.width, "height": view.height, "deviceScaleFactor": 1, "mobile": false,
    });
    devtools(client, "Emulation.setDeviceMetricsOverride", size).await?;
    let scheme = if view.dark { "dark" } else { "light" };
    let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
    devtools(client, "Emulation.setEmulatedMedia", media).await?;
    Ok(())
}

pub(super) async fn console_errors(client: &Client) -> Result<Vec<String>> {
    let lines = client.issue_cmd(Extension::Console).await?;
    let lines = lines.as_array().context("the console is a list of lines")?;
    let errors = lines.iter().filter(|line| line["level"] == "SEVERE");
    let messages = errors.map(|line| line["message"].as_str().unwrap_or_default().to_owned());
    Ok(messages.collect())
}

pub(super) async fn screenshot(client: &Client, whole: bool) -> Result<Vec<u8>> {
    let asked = json!({ "format": "png", "captureBeyondViewport": whole });
    let picture = devtools(client, "Page.captureScreenshot", asked).await?;
    let picture = picture["data"].as_str().context("a picture has data")?;
    Ok(STANDARD.decode(picture)?)
}

pub(super) async fn save_into(client: &Client, folder: &Path) -> Result<()> {
    let told = json!({ "behavior": "allow", "downloadPath": folder });
    devtools(client, "Browser.setDownloadBehavior", told).await?;
    Ok(())
}

pub(super) async fn devtools(
    client: &Client,
    command: &'static str,
    parameters: Value,
) -> Result<Value> {
    let command = Extension::DevTools(command, parameters);
    Ok(client.issue_cmd(command).await?)
}

/// A command of chromedriver's own.
#[derive(Debug)]
enum Extension {
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

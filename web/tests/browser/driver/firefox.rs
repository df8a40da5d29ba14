//! Firefox under geckodriver. For what WebDriver itself lacks, a script runs in the browser's own window ("chrome" in
//! Firefox's words), where the browser's services are.

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

/// The window's size, in pixels: larger than every page that tests look at, which is then laid out within it.
const WINDOW: (u32, u32) = (2000, 1400);

pub(super) fn driver() -> Command {
    let mut command = super::program("GECKODRIVER", "geckodriver");
    command
        .args(["--port=0", "--websocket-port=0", "--log=info"])
        .arg("--allow-system-access")
        .env("MOZ_HEADLESS", "1")
        .env("MOZ_HEADLESS_WIDTH", WINDOW.0.to_string())
        .env("MOZ_HEADLESS_HEIGHT", WINDOW.1.to_string());
    command
}

pub(super) fn capabilities() -> Capabilities {
    // geckodriver makes a profile with nothing of the machine's.
    let mut options = json!({ "args": [format!("--width={}", WINDOW.0), format!("--height={}", WINDOW.1)], "prefs": {
        // What the page writes to the console is written to the driver's output too, and what the browser's own scripts write is not.
        "devtools.console.stdout.content": true,
        "devtools.console.stdout.chrome": false,
        // Nor what it writes of experiments of its maker's, which it cannot fetch.
        "messaging-system.log": "off",
        // A page that fills the screen has no other size than the screen.
        "full-screen-api.enabled": false,
        "browser.download.folderList": 2,
        "browser.download.useDownloadDir": true,
        "browser.download.always_ask_before_handling_new_types": false,
        "browser.download.alwaysOpenPanel": false,
        // Over the page, not beside it.
        "ui.useOverlayScrollbars": 1,
    }});
    if let Ok(firefox) = env::var("FIREFOX") {
        options["binary"] = firefox.into();
    }
    let mut capabilities = Capabilities::new();
    capabilities.insert("browserName".to_owned(), "firefox".into());
    capabilities.insert("moz:firefoxOptions".to_owned(), options);
    capabilities
}

pub(super) async fn look(client: &Client, view: View) -> Result<()> {
    let script = "
        const [width, height, scheme] = arguments;
        const { style } = gBrowser.selectedBrowser;
        for (const [side, length] of Object.entries({ width, height })) {
            for (const name of [side, `min-${side}`, `max-${side}`]) style.setProperty(name, `${length}px`);
        }
        document.synchronouslyUpdateRemoteBrowserDimensions(true);
        Services.prefs.setIntPref('layout.css.prefers-color-scheme.content-override', scheme);";
    let scheme = u8::from(!view.dark);
    let arguments = vec![view.width.into(), view.height.into(), scheme.into()];
    in_browser(client, script, arguments).await?;
    Ok(())
}

/// Whether the page has heard of the size and of the colours: it is a process of its own.
pub(super) async fn has_look(client: &Client, view: View) -> Result<bool> {
    let script = "return innerWidth === arguments[0] && innerHeight === arguments[1]
        && matchMedia('(prefers-color-scheme: dark)').matches === arguments[2]";
    let wanted = vec![view.width.into(), view.height.into(), view.dark.into()];
    Ok(client.execute(script, wanted).await? == true)
}

/// What a script has of the browser's list of errors: not caught, or against a policy. Errors of the browser's own scripts are
/// no errors of the page.
const UNCAUGHT: &str = "
    const errors = Services.console.getMessageArray()
        .filter((one) => one instanceof Ci.nsIScriptError && !(one.flags & Ci.nsIScriptError.warningFlag))
        .filter((one) => /^(http|file|blob|data)/.test(one.sourceName) || one.category.startsWith('CSP'))
        .map((one) => one.toString());
    Services.console.reset();
    return errors;";

/// What the line begins with that the browser writes for an error on the page's console.
const WRITTEN: &str = "console.error:";

/// What workers write that are still being loaded when their page is left. Where those of a page cannot be loaded that stays,
/// there is nothing on it that tests wait for.
const LEFT: &str = "error loading dynamically imported module";

/// What the page writes to its console last, before its console is read: once it has arrived in the output, all before it has.
const END: &str = "highwater: the end of what was written";

pub(super) async fn end_console(client: &Client) -> Result<()> {
    client
        .execute("console.info(arguments[0])", vec![END.into()])
        .await?;
    Ok(())
}

pub(super) fn has_ended(lines: &[String]) -> bool {
    lines.iter().any(|line| line.contains(END))
}

pub(super) async fn console_errors(client: &Client, lines: Vec<String>) -> Result<Vec<String>> {
    let uncaught = in_browser(client, UNCAUGHT, Vec::new()).await?;
    let uncaught = uncaught.as_array().context("a list of errors")?.iter();
    let uncaught = uncaught.map(|error| error.as_str().unwrap_or_default().to_owned());
    let is_written = |line: &String| line.starts_with(WRITTEN) && !line.contains(LEFT);
    let written = lines.into_iter().filter(is_written);
    Ok(written.chain(uncaught).collect())
}

pub(super) async fn screenshot(client: &Client, whole: bool) -> Result<Vec<u8>> {
    if !whole {
        return Ok(client.screenshot().await?);
    }
    let picture = client.issue_cmd(Extension::WholePage).await?;
    Ok(STANDARD.decode(picture.as_str().context("a picture has data")?)?)
}

pub(super) async fn save_into(client: &Client, folder: &Path) -> Result<()> {
    let script = "Services.prefs.setStringPref('browser.download.dir', arguments[0])";
    in_browser(client, script, vec![json!(folder)]).await?;
    Ok(())
}

/// Runs a script in the browser's own window, and then goes on with the page.
async fn in_browser(client: &Client, script: &str, arguments: Vec<Value>) -> Result<Value> {
    client.issue_cmd(Extension::Context("chrome")).await?;
    let result = client.execute(script, arguments).await;
    client.issue_cmd(Extension::Context("content")).await?;
    Ok(result?)
}

/// A command of geckodriver's own.
#[derive(Debug)]
enum Extension {
    /// Where scripts run from now on: in the page ("content") or in the browser's own window ("chrome").
    Context(&'static str),
    /// A picture of the whole page.
    WholePage,
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        let session = session.unwrap_or_default();
        let name = match self {
            Self::Context(_) => "moz/context",
            Self::WholePage => "moz/screenshot/full",
        };
        base.join(&format!("session/{session}/{name}"))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        match self {
            Self::Context(context) => {
                let body = json!({ "context": context });
                (Method::POST, Some(body.to_string()))
            }
            Self::WholePage => (Method::GET, None),
        }
    }
}

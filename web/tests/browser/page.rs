//! The page as a test sees it: what is on it, and what a user can do to it. Every call waits until it is done.

use std::{
    cell::Cell,
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use fantoccini::{
    Client, Locator,
    actions::{InputSource, KeyAction, KeyActions},
    elements::Element,
    error::{CmdError, ErrorStatus, WebDriver},
    key::Key,
};
use serde_json::Value;
use tokio::runtime::{self, Runtime};

use crate::driver::Driver;

/// How long anything on the page may take to appear.
///
/// It is no measure of the page, only an end for a test that has failed: a machine may be busy with much else.
const PATIENCE: Duration = Duration::from_secs(180);

/// How often a browser is started until it does.
const STARTS: usize = 3;

/// How the page is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    /// Of the window's inside, in CSS pixels.
    pub(crate) width: u32,
    /// Of the window's inside, in CSS pixels.
    pub(crate) height: u32,
    /// Whether the user prefers dark pages.
    pub(crate) dark: bool,
}

impl Default for View {
    fn default() -> Self {
        Self {
            width: 1440,
            height: 900,
            dark: false,
        }
    }
}

/// A page in a browser of its own.
pub(crate) struct Page {
    runtime: Runtime,
    /// `None` only while it is being dropped.
    client: Option<Client>,
    address: String,
    /// Whether an address was opened.
    is_open: Cell<bool>,
    driver: Driver,
}

#[allow(
    dead_code,
    reason = "a vocabulary for tests, of which each uses a few words"
)]
impl Page {
    /// Starts a browser for an address, which is opened as soon as a test asks for something of it: many open another one of the
    /// same site first.
    pub(crate) fn open(address: &str, view: View) -> Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (driver, client) = start(&runtime)?;
        let page = Self {
            runtime,
            client: Some(client),
            address: address.to_owned(),
            is_open: Cell::new(false),
            driver,
        };
        page.look(view)?;
        Ok(page)
    }

    /// Opens another address of the same site, for example `?embed=1`. Where the address says nothing the page offers more than
    /// its example, and that is what is chosen, as soon as it is offered.
    pub(crate) fn go(&self, relative: &str) -> Result<()> {
        self.arrive(relative)?;
        self.evaluate(
            "const choose = () => {
                 const example = document.querySelector('#landing-example');
                 if (example) {
                     example.click();
                     requestAnimationFrame(deepen);
                 } else if (!document.querySelector('#chart')) requestAnimationFrame(choose);
             };
             // It opens to be compared, and most of what is tested is for experts.
             const deepen = () => {
                 const expert = document.querySelector('.depth:nth-of-type(3)');
                 if (expert) expert.click();
                 else requestAnimationFrame(deepen);
             };
             if (location.search + location.hash === '') choose();",
        )?;
        Ok(())
    }

    /// Opens another address of the same site, and chooses nothing.
    pub(crate) fn arrive(&self, relative: &str) -> Result<()> {
        let address = format!("{}{relative}", self.address);
        self.is_open.set(true);
        self.runtime.block_on(self.browser()?.goto(&address))?;
        Ok(())
    }

    /// Changes the window's size and colours.
    pub(crate) fn look(&self, view: View) -> Result<()> {
        let client = self.browser()?;
        self.runtime.block_on(self.driver.look(client, view))?;
        self.wait_until("the window to be as wished", || {
            self.runtime.block_on(self.driver.has_look(client, view))
        })
    }

    /// Does something at each of some sizes, light and dark, with the name of each; then the page is as it was.
    pub(crate) fn in_each_look(
        &self,
        sizes: &[(u32, u32)],
        mut at: impl FnMut(View, &str) -> Result<()>,
    ) -> Result<()> {
        for (width, height) in sizes.iter().copied() {
            for dark in [false, true] {
                let view = View {
                    width,
                    height,
                    dark,
                };
                self.look(view)?;
                let colours = if dark { "dark" } else { "light" };
                at(view, &format!("{width}x{height}-{colours}"))?;
            }
        }
        self.look(View::default())
    }

    /// Waits until something that fits the CSS selector is on the page and can be seen.
    pub(crate) fn wait_for(&self, selector: &str) -> Result<()> {
        self.wait_until(&format!("`{selector}` to be seen"), || {
            let Ok(element) = self.element(selector) else {
                return Ok(false);
            };
            Ok(self
                .runtime
                .block_on(element.is_displayed())
                .unwrap_or(false))
        })
    }

    /// Waits until a condition holds; `what` completes the sentence "waited for ...".
    pub(crate) fn wait_until(
        &self,
        what: &str,
        condition: impl Fn() -> Result<bool>,
    ) -> Result<()> {
        let started = Instant::now();
        while !condition()? {
            if started.elapsed() > PATIENCE {
                bail!("waited {} s in vain for {what}", PATIENCE.as_secs());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Waits until the page has drawn so many pictures: time enough for what follows a change a moment later, and on a busy
    /// machine as much more of it as the page needs.
    pub(crate) fn frames(&self, count: u32) -> Result<()> {
        self.evaluate(&format!(
            "window.framesLeft = {count};
             const draw = () => {{ if (--window.framesLeft > 0) requestAnimationFrame(draw); }};
             requestAnimationFrame(draw);"
        ))?;
        self.wait_until("the page to draw", || {
            Ok(self.evaluate("return window.framesLeft")? == 0)
        })
    }

    /// Waits until the text of an element holds some words.
    pub(crate) fn wait_for_text(&self, selector: &str, words: &str) -> Result<()> {
        self.wait_for(selector)?;
        self.wait_until(&format!("`{words}` in `{selector}`"), || {
            Ok(self.text(selector).is_ok_and(|text| text.contains(words)))
        })
    }

    /// Clicks an element, as soon as it is there.
    pub(crate) fn click(&self, selector: &str) -> Result<()> {
        self.wait_for(selector)?;
        self.with_element(selector, async |element| element.click().await)
            .with_context(|| format!("cannot click `{selector}`"))
    }

    /// Types into an element, behind what it holds. Keys such as Enter are `char::from(fantoccini::key::Key::Enter)`.
    pub(crate) fn type_text(&self, selector: &str, text: &str) -> Result<()> {
        self.wait_for(selector)?;
        self.with_element(selector, async |element| element.send_keys(text).await)
            .with_context(|| format!("cannot type into `{selector}`"))
    }

    /// Chooses a file of the disk in a control that takes one.
    pub(crate) fn send_file(&self, selector: &str, file: &Path) -> Result<()> {
        let path = file.to_str().context("a path of UTF-8")?;
        self.runtime
            .block_on(self.element(selector)?.send_keys(path))
            .with_context(|| format!("cannot choose {path}"))
    }

    /// Presses a key where the focus is, by its name as an event has it: "Tab", "ArrowLeft", " ", "?".
    pub(crate) fn press(&self, key: &str) -> Result<()> {
        let value = match key {
            "Tab" => Key::Tab.into(),
            "Enter" => Key::Enter.into(),
            "Escape" => Key::Escape.into(),
            "End" => Key::End.into(),
            "Home" => Key::Home.into(),
            "ArrowLeft" => Key::Left.into(),
            "ArrowRight" => Key::Right.into(),
            "ArrowDown" => Key::Down.into(),
            "ArrowUp" => Key::Up.into(),
            one => one.chars().next().context("a key has a name")?,
        };
        let keys = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value })
            .then(KeyAction::Up { value });
        self.runtime
            .block_on(self.client()?.perform_actions(keys))?;
        Ok(())
    }

    /// Gives a form control a value at once, as dragging a slider or choosing in a list would.
    pub(crate) fn set_value(&self, selector: &str, value: &str) -> Result<()> {
        self.wait_for(selector)?;
        self.evaluate_with(
            "const [selector, value] = arguments;
             const control = document.querySelector(selector);
             control.value = value;
             control.dispatchEvent(new Event('input', { bubbles: true }));
             control.dispatchEvent(new Event('change', { bubbles: true }));",
            vec![selector.into(), value.into()],
        )?;
        Ok(())
    }

    /// What a form control holds.
    pub(crate) fn value(&self, selector: &str) -> Result<String> {
        let value = self.with_element(selector, async |element| element.prop("value").await)?;
        value.with_context(|| format!("`{selector}` has no value"))
    }

    /// The text of an element as the user sees it.
    pub(crate) fn text(&self, selector: &str) -> Result<String> {
        self.with_element(selector, async |element| element.text().await)
    }

    /// An attribute of an element.
    pub(crate) fn attribute(&self, selector: &str, name: &str) -> Result<Option<String>> {
        self.with_element(selector, async |element| element.attr(name).await)
    }

    /// How many elements fit a selector.
    pub(crate) fn count(&self, selector: &str) -> Result<usize> {
        let found = self
            .runtime
            .block_on(self.client()?.find_all(Locator::Css(selector)))?;
        Ok(found.len())
    }

    /// Runs the body of a JavaScript function on the page and returns what it returns.
    pub(crate) fn evaluate(&self, script: &str) -> Result<Value> {
        self.evaluate_with(script, Vec::new())
    }

    /// The same with `arguments`.
    pub(crate) fn evaluate_with(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        Ok(self
            .runtime
            .block_on(self.client()?.execute(script, arguments))?)
    }

    /// What was written to the console as an error (or thrown and not caught) since this was asked last.
    pub(crate) fn console_errors(&self) -> Result<Vec<String>> {
        let client = self.client()?;
        self.runtime.block_on(self.driver.end_console(client))?;
        self.wait_until("the console", || Ok(self.driver.has_ended()))?;
        self.runtime.block_on(self.driver.console_errors(client))
    }

    /// Takes a picture (PNG) of the window, or of the whole page, however long it is.
    pub(crate) fn screenshot(&self, file: &Path, whole: bool) -> Result<()> {
        let picture = self.driver.screenshot(self.client()?, whole);
        fs::write(file, self.runtime.block_on(picture)?)
            .with_context(|| format!("cannot write {}", file.display()))
    }

    /// Has downloads saved into a folder.
    pub(crate) fn save_into(&self, folder: &Path) -> Result<()> {
        self.runtime
            .block_on(self.driver.save_into(self.client()?, folder))
    }

    /// A command of the DevTools protocol: for tests in Chromium alone.
    pub(crate) fn devtools(&self, command: &'static str, parameters: Value) -> Result<Value> {
        self.runtime
            .block_on(self.driver.devtools(self.client()?, command, parameters))
    }

    /// Does something with the element that fits a selector. Where the page put another in its place meanwhile, or moved it, it is
    /// done with the one that is there now, as a user would.
    fn with_element<T>(
        &self,
        selector: &str,
        action: impl AsyncFn(Element) -> Result<T, CmdError>,
    ) -> Result<T> {
        let started = Instant::now();
        loop {
            let element = self.element(selector)?;
            match self.runtime.block_on(action(element)) {
                Err(CmdError::Standard(WebDriver {
                    error: ErrorStatus::StaleElementReference | ErrorStatus::ElementClickIntercepted,
                    ..
                })) if started.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(20)),
                done => return Ok(done?),
            }
        }
    }

    fn element(&self, selector: &str) -> Result<Element> {
        self.runtime
            .block_on(self.client()?.find(Locator::Css(selector)))
            .with_context(|| format!("nothing on the page fits `{selector}`"))
    }

    /// The browser, once it shows the page.
    fn client(&self) -> Result<&Client> {
        if !self.is_open.get() {
            self.go("")?;
        }
        self.browser()
    }

    fn browser(&self) -> Result<&Client> {
        self.client.as_ref().context("the browser is closed")
    }
}

/// Starts a driver and its browser. A browser gives up starting after a minute, which it may need on a busy machine.
fn start(runtime: &Runtime) -> Result<(Driver, Client)> {
    for _ in 1..STARTS {
        let driver = Driver::start()?;
        match runtime.block_on(driver.browser()) {
            Ok(client) => return Ok((driver, client)),
            Err(error) => println!("{error:#}; once more"),
        }
    }
    let driver = Driver::start()?;
    let client = runtime.block_on(driver.browser())?;
    Ok((driver, client))
}

impl Drop for Page {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            // chromedriver ends the browser; killing chromedriver alone would leave it behind.
            self.runtime.block_on(client.close()).ok();
        }
    }
}

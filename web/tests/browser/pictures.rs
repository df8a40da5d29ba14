//! Pictures out: what the buttons on the chart and on the maps save.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    built_page,
    hosting::visit_under_policy,
    page::{Page, View},
    simulation::settle,
    visit, visit_single_file,
};

/// A folder into which a page's downloads go.
pub(crate) struct Downloads(TempDir);

impl Downloads {
    pub(crate) fn of(page: &Page) -> Result<Self> {
        let folder = TempDir::with_prefix("highwater-downloads-")?;
        page.save_into(folder.path())?;
        Ok(Self(folder))
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Presses a button, and reads the file that comes of it.
    pub(crate) fn press(&self, page: &Page, label: &str, name: &str) -> Result<Vec<u8>> {
        page.click(&format!("[aria-label='{label}']"))?;
        self.read(page, name)
    }

    /// Reads a file once it is saved.
    pub(crate) fn read(&self, page: &Page, name: &str) -> Result<Vec<u8>> {
        let file: PathBuf = self.0.path().join(name);
        // The browser reserves the name with an empty file, and puts the whole one in its place.
        let is_saved = || Ok(fs::metadata(&file).is_ok_and(|file| file.len() > 0));
        page.wait_until(&format!("{name} to be saved"), is_saved)
            .with_context(|| format!("there is {:?}", names(self.0.path())))?;
        Ok(fs::read(file)?)
    }

    /// Reads the only file once it is saved, by whatever name; also returns that.
    pub(crate) fn only(&self, page: &Page) -> Result<(String, Vec<u8>)> {
        let saved = || {
            let all = names(self.0.path());
            let is_part = |name: &String| name.ends_with(".crdownload") || name.ends_with(".part");
            all.into_iter().find(|name| !is_part(name))
        };
        page.wait_until("a file to be saved", || Ok(saved().is_some()))?;
        let name = saved().context("it is gone")?;
        let bytes = self.read(page, &name)?;
        Ok((name, bytes))
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.collect()
}

/// What the browser reads in a picture: its texts, how many curves it has, its size.
struct Read {
    texts: Vec<String>,
    curves: u64,
    kinds: u64,
    size: (u64, u64),
}

impl Read {
    fn by(page: &Page, svg: Vec<u8>) -> Result<Self> {
        let read = page.evaluate_with(
            "const picture = new DOMParser().parseFromString(arguments[0], 'image/svg+xml');
             const root = picture.documentElement;
             return {
                 error: picture.querySelector('parsererror')?.textContent ?? null,
                 texts: [...picture.querySelectorAll('text')].map((one) => one.textContent),
                 curves: picture.querySelectorAll('path.curve').length,
                 kinds: picture.querySelectorAll('defs > path').length,
                 size: [Number(root.getAttribute('width')), Number(root.getAttribute('height'))],
             }",
            vec![String::from_utf8(svg)?.into()],
        )?;
        ensure!(read["error"].is_null(), "{}", read["error"]);
        let texts = read["texts"].as_array().context("a list")?.iter();
        let number = |value: &Value| value.as_u64().context("a number");
        Ok(Self {
            texts: texts
                .filter_map(|text| text.as_str().map(str::to_owned))
                .collect(),
            curves: number(&read["curves"])?,
            kinds: number(&read["kinds"])?,
            size: (number(&read["size"][0])?, number(&read["size"][1])?),
        })
    }

    fn says(&self, parts: &[&str]) -> Result<()> {
        // Long lines are wrapped.
        let all = self.texts.join(" ");
        for part in parts {
            ensure!(all.contains(part), "{part:?} in {:#?}", self.texts);
        }
        Ok(())
    }
}

/// Holds pixels to the picture that they are of.
fn check_png(bytes: &[u8], of: &Read, colours: &[[u8; 3]]) -> Result<()> {
    ensure!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"), "no PNG");
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().context("it is too large")?];
    let info = reader.next_frame(&mut pixels)?;
    let size = (u64::from(info.width), u64::from(info.height));
    ensure!(size == (of.size.0 * 2, of.size.1 * 2), "{size:?}");
    let samples = info.color_type.samples();
    let found: HashSet<&[u8]> = pixels
        .chunks_exact(samples)
        .map(|pixel| &pixel[..3])
        .collect();
    ensure!(found.len() > 100, "only {} colours", found.len());
    for colour in colours {
        ensure!(found.contains(&colour[..]), "{colour:?} is not in it");
    }
    Ok(())
}

/// The date where the browser is.
pub(crate) fn today(page: &Page) -> Result<String> {
    let date = page.evaluate(
        "const now = new Date();
         const two = (number) => String(number).padStart(2, '0');
         return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`",
    )?;
    Ok(date.as_str().context("a text")?.to_owned())
}

const DECAY: &str = "?scenario=decay&events=60";

/// The chart, and the map of the variant that is looked into, in both forms.
fn check_all(page: &Page, name: &str) -> Result<()> {
    let downloads = Downloads::of(page)?;
    settle(page)?;
    let date = today(page)?;
    let of = |what: &str, end: &str| format!("highwater-{name}-{what}-{date}.{end}");
    let variants = page.count("#variants [data-variant]")? as u64;
    let title = page.text("#title")?;
    let title = title.split(" · ").next().context("a title")?;

    let svg = downloads.press(page, "SVG of the chart", &of("chart", "svg"))?;
    ensure!(svg.len() < 300_000, "{} bytes", svg.len());
    let chart = Read::by(page, svg)?;
    ensure!(chart.curves == variants, "{} curves", chart.curves);
    chart.says(&[title, &date, "Highwater", "held by the program", "A ", "B "])?;
    let png = downloads.press(page, "PNG of the chart", &of("chart", "png"))?;
    check_png(
        &png,
        &chart,
        &[[255, 255, 255], [0xd4, 0xcf, 0xc4], [0xc9, 0x43, 0x2a]],
    )?;

    let svg = downloads.press(page, "SVG of heap map A", &of("map-A", "svg"))?;
    ensure!(svg.len() < 300_000, "{} bytes", svg.len());
    let map = Read::by(page, svg)?;
    ensure!(map.kinds > 3, "{} kinds of pages", map.kinds);
    map.says(&[
        title,
        &date,
        "Heap map of A ",
        "one dot ",
        "live ",
        "pin 1: ",
        "free but resident ",
    ])?;
    let png = downloads.press(page, "PNG of heap map A", &of("map-A", "png"))?;
    // Live pages, and free ones.
    check_png(&png, &map, &[[0x1f, 0x50, 0x7a], [0xec, 0xb7, 0x9c]])
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
pub(crate) fn what_the_buttons_save_says_what_it_is_of_under_the_policy_of_the_docs() -> Result<()>
{
    let built = built_page()?;
    let errors = visit_under_policy(&built, "", |page| {
        page.go(DECAY)?;
        page.wait_for_text("#title", "jemalloc and time")?;
        check_all(page, "decay")?;
        // What is typed is in the next one, as it was typed.
        let downloads = Downloads::of(page)?;
        page.set_value("#environment", "MALLOC_TOP_PAD_=65536\nMALLOC_CONF='>&<'")?;
        page.wait_for("main[data-busy=true]").ok();
        settle(page)?;
        let name = format!("highwater-decay-chart-{}.svg", today(page)?);
        let svg = downloads.press(page, "SVG of the chart", &name)?;
        Read::by(page, svg)?.says(&[
            "scenario decay · events=60",
            "MALLOC_TOP_PAD_=65536",
            "MALLOC_CONF='>&<'",
            "CPython 3.11 on glibc 2.36",
            "CPython 3.11 on jemalloc 5.3.0",
            "MALLOC_CONF=background_thread:true,dirty_decay_ms:1000,",
        ])
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn one_file_from_the_disk_saves_pictures_too() -> Result<()> {
    let errors = visit_single_file(|page| {
        page.wait_for_text("#title", "asyncio burst")?;
        check_all(page, "asyncio_burst")
    })?;
    ensure!(errors.is_empty(), "errors on the console: {errors:#?}");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn a_map_is_that_of_its_variant_and_of_the_moment_and_dark_where_the_page_is() -> Result<()> {
    let dark = View {
        dark: true,
        ..View::default()
    };
    visit(dark, |page| {
        page.go(DECAY)?;
        page.wait_for_text("#title", "jemalloc and time")?;
        settle(page)?;
        page.click(".variant__head[data-variant='1']")?;
        settle(page)?;
        page.click("#compare")?;
        page.wait_for("#map-beside")?;
        settle(page)?;
        // Pressed while the moment is not yet known exactly, it is saved once it is.
        page.evaluate("document.querySelector('#chart').focus()")?;
        page.press("Home")?;
        let downloads = Downloads::of(page)?;
        let date = today(page)?;
        let name = format!("highwater-decay-map-B-{date}.svg");
        let svg = downloads.press(page, "SVG of heap map B", &name)?;
        let text = String::from_utf8(svg.clone())?;
        ensure!(
            text.contains("#1c2226") && !text.contains("#ffffff"),
            "it is light"
        );
        let read = Read::by(page, svg)?;
        read.says(&[
            "at 0 s",
            "CPython 3.11 on jemalloc 5.3.0",
            "dirty_decay_ms:1000",
        ])?;
        let beside = page.text(".maps .card:last-child h2")?;
        let letter = beside.chars().next().context("a letter")?;
        ensure!(letter != 'B', "{beside}");
        let name = format!("highwater-decay-map-{letter}-{date}.png");
        let png = downloads.press(page, &format!("PNG of heap map {letter}"), &name)?;
        ensure!(png.starts_with(b"\x89PNG"), "no PNG");
        Ok(())
    })
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn inside_another_page_pictures_belong_to_the_controls() -> Result<()> {
    visit(View::default(), |page| {
        page.go("?embed=1&scenario=decay&events=40&panels=chart,map")?;
        page.wait_for("main[data-busy=false] #chart .curve--rss")?;
        for (label, count) in [("SVG of the chart", 1), ("PNG of heap map A", 1)] {
            ensure!(
                page.count(&format!("[aria-label='{label}']"))? == count,
                "{label}"
            );
        }
        let downloads = Downloads::of(page)?;
        let name = format!("highwater-decay-chart-{}.png", today(page)?);
        let png = downloads.press(page, "PNG of the chart", &name)?;
        ensure!(png.starts_with(b"\x89PNG"), "no PNG");
        page.go("?embed=1&scenario=decay&events=40&panels=chart,map&controls=0")?;
        page.wait_for("main[data-busy=false] #chart .curve--rss")?;
        ensure!(page.count("[aria-label^='SVG'], [aria-label^='PNG']")? == 0);
        Ok(())
    })
}

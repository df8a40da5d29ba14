//! Links that were made wrong, each drawn by a page that goes on: it says what is wrong, and answers a click.
//!
//! `HIGHWATER_DRAWN` is how many of each are tried (a few hundred by default), `HIGHWATER_SEED` which ones.

use std::env;

use anyhow::{Context, Result, ensure};
use highwater_web::state::{Action, State};
use serde_json::{Value, json};

use crate::{
    built_page,
    page::{Page, View},
    private::LINKS,
    random_use::Numbers,
    simulation::settle,
    visit, visit_folder,
};

/// How many are tried where nobody says how many.
const FEW: usize = 300;

/// How many are tried in one call of the page.
pub(crate) const AT_ONCE: usize = 25;

/// Links that once stopped the page, and others with everything that a link can say.
const TEXTS: [&str; 7] = [
    "sbundled\no9 0\n",
    "sdecay\nz18446744073709551614 18446744073709551615\n",
    "sshared_arenas\nv0 0 jemalloc@5.2.1 x\neMALLOC_CONF=narenas:1793\nv1 1 glibc@2.36 y\nu0 0 -\n",
    "sdecay\npevents 300\nv0 0 glibc@2.36 mine\neMALLOC_ARENA_MAX=2\nv1 5 jemalloc@5.3.0 second one\n\
     eMALLOC_CONF=dirty_decay_ms:1000\nu1 0 0\nt1500000\nz1000000 2000000\nh4\no2 1\ncdark\n",
    "sbundled\nv0 0 glibc@2.36 \ninone\naC\neMALLOC_TOP_PAD_=0\nu0 0 -\nt1\nmtime 5000\ndgave-back\nb4096 8192\ng3 en\nclight\n",
    "fmine.hwt\nk7\nv0 3 glibc@2.36 mine\nu0 0 -\n",
    "senvironment\nnMALLOC_ARENA_MAX=2\npevents 60\nu0 0 1\nt1000\n",
];

/// What a number, a name or a whole line is replaced by.
pub(crate) const ODD: [&str; 24] = [
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775807",
    "1125899906842624",
    "0",
    "-1",
    "NaN",
    "inf",
    "1e308",
    "1e-308",
    "99",
    "7 8",
    "",
    " ",
    "\n",
    "\u{202e}x",
    "\0",
    "<img src=x onerror=alert(1)>",
    "=1+1",
    "sbundled",
    "v0 0 glibc@2.36 again",
    "u7 7 7",
    "jemalloc@9.9",
    "constructor",
];

fn number_of(variable: &str, default: usize) -> Result<usize> {
    match env::var(variable) {
        Ok(text) => text.parse().with_context(|| format!("{variable}={text}")),
        Err(_) => Ok(default),
    }
}

/// How many are tried, and the numbers that they are made by.
pub(crate) fn asked() -> Result<(usize, Numbers)> {
    let (many, seed) = (
        number_of("HIGHWATER_DRAWN", FEW)?,
        number_of("HIGHWATER_SEED", 2026)?,
    );
    println!("{many} with the seed {seed}");
    Ok((many, Numbers(seed as u64)))
}

/// A text of a link, with some of its lines changed.
fn mutated(numbers: &mut Numbers) -> String {
    let mut lines: Vec<String> = numbers.of(&TEXTS).lines().map(str::to_owned).collect();
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(lines.len().max(1));
        let odd = numbers.of(&ODD).to_owned();
        let Some(line) = lines.get_mut(at) else {
            lines.push(odd);
            continue;
        };
        match numbers.below(8) {
            0 => *line = odd,
            1 => drop(lines.remove(at)),
            2 => lines.extend_from_within(at..),
            3 => {
                let with = lines[numbers.below(lines.len())].clone();
                lines.insert(at, with);
            }
            // A word of it.
            4 | 5 => {
                let head: String = line.chars().take(1).collect();
                let rest: String = line.chars().skip(1).collect();
                let mut words: Vec<&str> = rest.split(' ').collect();
                let word = numbers.below(words.len());
                words[word] = &odd;
                *line = head + &words.join(" ");
            }
            // What it is about.
            6 => {
                let letters = "sfkpviaenutzhomdbgcxSF1 ";
                let letter = letters.chars().nth(numbers.below(letters.len()));
                *line = letter.into_iter().chain(line.chars().skip(1)).collect();
            }
            _ => *line = line.repeat(1 + numbers.below(300)),
        }
    }
    lines.join("\n")
}

/// Bytes of a text that the page unpacks at most.
const MOST_UNPACKED: usize = 64 << 10;

/// What the page must say of a text: what its state says, where the link is not read.
fn refusal(text: &str) -> Option<String> {
    let mut state = State::new(false);
    let unpacked = (text.len() <= MOST_UNPACKED).then(|| text.to_owned());
    state.update(Action::OpenLink(unpacked));
    let trouble = state.trouble?;
    trouble
        .starts_with("This link is invalid")
        .then_some(trouble)
}

/// A link with some of its letters changed.
pub(crate) fn damaged(numbers: &mut Numbers) -> String {
    let links = [
        "#1=K04qzUvJSU3hyrdUMOACAA",
        "#1=K05JTU6s5KoytDAxMTM3MTEwNzY3sDQ1NTQzNFHAImjKBQA",
        "#1=AwA",
    ];
    let mut link: Vec<char> = numbers.of(&links).chars().collect();
    let letters: Vec<char> = "ABCxyz019-_=+/%#&ü\u{202e}".chars().collect();
    for _ in 0..=numbers.below(6) {
        let at = 1 + numbers.below(link.len() - 1);
        let letter = letters[numbers.below(letters.len())];
        match numbers.below(4) {
            0 => link.insert(at, letter),
            1 if link.len() > 3 => drop(link.remove(at)),
            2 => link.truncate(at.max(2)),
            _ => link[at] = letter,
        }
    }
    link.into_iter().collect()
}

/// Opens links one after another in the living page, each followed by a click.
const DRAW: &str = "
    window.until = (condition) => new Promise((done) => {
        if (condition()) return done(true);
        const end = (known) => { watch.disconnect(); clearTimeout(patience); done(known); };
        const watch = new MutationObserver(() => { if (condition()) end(true); });
        watch.observe(document, { subtree: true, childList: true, attributes: true });
        const patience = setTimeout(() => end(condition()), 15000);
    });
    window.draw = async ({ text, link }) => {
        link ??= await linkOf(text);
        const links = () => Number(document.querySelector('main')?.dataset.links);
        const before = links();
        history.replaceState(null, '', location.pathname);
        location.hash = link;
        const drawn = await until(() => links() > before);
        const trouble = document.querySelector('#trouble')?.textContent ?? '';
        const theme = () => document.documentElement.dataset.theme;
        const was = theme();
        const clicked = performance.now();
        document.querySelector('#dark')?.click();
        const answered = await until(() => theme() !== was);
        const took = performance.now() - clicked;
        const stopped = document.querySelector('#stopped-report')?.value ?? '';
        return { link, drawn, trouble, answered, took, stopped };
    };
    window.drawAll = async (links) => {
        const answers = [];
        for (const link of links) answers.push(await draw(link));
        return answers;
    };";

/// Draws links, and returns what became of each, and the longest that a click took, in milliseconds.
fn draw(page: &Page, links: &[Value]) -> Result<(Vec<Value>, f64)> {
    let mut answers = Vec::new();
    for part in links.chunks(AT_ONCE) {
        let drawn = page.evaluate_with("return drawAll(arguments[0])", vec![part.into()])?;
        answers.extend(drawn.as_array().context("a list")?.iter().cloned());
    }
    let mut longest = 0.0f64;
    for (answer, link) in answers.iter().zip(links) {
        let is_right = answer["drawn"] == true && answer["answered"] == true;
        ensure!(is_right && answer["stopped"] == "", "{link}: {answer}");
        longest = longest.max(answer["took"].as_f64().context("a time")?);
    }
    Ok((answers, longest))
}

fn tools(page: &Page) -> Result<()> {
    settle(page)?;
    page.evaluate(LINKS)?;
    page.evaluate(DRAW)?;
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn links_made_wrong_are_drawn_and_a_click_is_answered() -> Result<()> {
    let (many, mut numbers) = asked()?;
    let errors = visit_folder(&built_page()?, View::default(), |page| {
        tools(page)?;
        let mut texts: Vec<String> = TEXTS.iter().map(|text| (*text).to_owned()).collect();
        texts.extend((0..many).map(|_| mutated(&mut numbers)));
        let links: Vec<Value> = texts.iter().map(|text| json!({ "text": text })).collect();
        let (answers, longest) = draw(page, &links)?;
        let mut refused = 0;
        for (answer, text) in answers.iter().zip(&texts) {
            let trouble = answer["trouble"].as_str().unwrap_or_default();
            let expected = refusal(text);
            refused += usize::from(expected.is_some());
            let is_right = match &expected {
                Some(words) => trouble.contains(words.as_str()),
                None => !trouble.starts_with("This link is invalid"),
            };
            ensure!(
                is_right,
                "{trouble:?} in place of {expected:?} for {text:?}"
            );
        }
        ensure!(refused > many / 10 && refused < many, "{refused} of {many}");
        println!("{refused} refused; the longest click took {longest:.0} ms");

        let links: Vec<Value> = (0..many / 4)
            .map(|_| json!({ "link": damaged(&mut numbers) }))
            .collect();
        let (_, longest) = draw(page, &links)?;
        println!("of damaged links the longest click took {longest:.0} ms");
        // Back and forward through what the history still has of them.
        for _ in 0..20 {
            let way = ["back", "forward"][numbers.below(2)];
            page.evaluate(&format!("history.{way}()"))?;
        }
        // The last of them may arrive behind the first of these.
        page.wait_until("a right link", || {
            draw(page, &[json!({ "text": "sdecay\npevents 40\n" })])?;
            Ok(page.value("#source")? == "decay")
        })?;
        settle(page)?;
        ensure!(page.count("#trouble")? == 0, "{}", page.text("#trouble")?);
        Ok(())
    })?;
    // A link may ask for a tour in a language that the page has not: its file is not found.
    let others = errors.iter().filter(|line| !line.contains("/tour/"));
    let others: Vec<&String> = others.collect();
    ensure!(others.is_empty(), "errors on the console: {others:#?}");
    Ok(())
}

#[test]
#[ignore = "it needs the built page: `cargo xtask test`"]
fn links_that_unpack_to_too_much_are_refused() -> Result<()> {
    visit(View::default(), |page| {
        tools(page)?;
        page.evaluate(
            "window.bomb = async (line, times) => {
                 const text = new Blob(Array(times).fill(line.repeat(1000))).stream();
                 const packed = text.pipeThrough(new CompressionStream('deflate-raw'));
                 const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
                 let letters = '';
                 for (const byte of bytes) letters += String.fromCharCode(byte);
                 return '#1=' + btoa(letters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
             };",
        )?;
        // A hundred kilobytes that come to dozens of megabytes, and more of both; tens of thousands of variables.
        for (line, times) in [("nA=1\\n", 13_000), ("nA=1\\n", 60_000), ("nVAR=1\\n", 40)] {
            let script = format!("return bomb('{line}', {times}).then((link) => draw({{ link }}))");
            let answer = page.evaluate(&script)?;
            let trouble = answer["trouble"].as_str().unwrap_or_default();
            ensure!(trouble.contains("too long"), "{trouble}");
            ensure!(answer["answered"] == true && answer["stopped"] == "");
        }
        let many: String = (0..40_000).map(|at| format!("nV{at}=1\n")).collect();
        let text = format!("sdecay\n{many}");
        let (answers, _) = draw(page, &[json!({ "text": text })])?;
        let trouble = answers[0]["trouble"].as_str().unwrap_or_default();
        ensure!(trouble.contains("too long"), "{trouble}");
        Ok(())
    })
}

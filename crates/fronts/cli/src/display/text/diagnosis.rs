//! Why memory is as it is, as text: findings, and tables of pages, arenas, pins and places in the program.

use highwater_report::{kind_in_words, of, origin, page_shares, state_and_place};
use highwater_simulator::{Allotted, Bytes, Diagnosis, PageShares, SiteShares};
use std::fmt::Write;

/// Arenas beyond this many are counted.
const MOST_ARENAS: usize = 64;

/// Places beyond this many are told together.
const MOST_PLACES: usize = 12;

/// Why memory is as it is.
pub(crate) fn diagnosis(out: &mut String, diagnosis: &Diagnosis) -> std::fmt::Result {
    writeln!(out, "{}", highwater_report::headline(diagnosis))?;
    // A remedy of two findings is told with the first.
    let mut told = Vec::new();
    for finding in &diagnosis.findings {
        for sentence in highwater_report::explain(finding).sentences {
            if !told.contains(&sentence) {
                writeln!(out, "{sentence}")?;
                told.push(sentence);
            }
        }
    }
    if let Some(pages) = &diagnosis.pages {
        kept(out, pages)?;
    }
    let arenas = diagnosis.arenas.len() > 1;
    if arenas {
        shares(out, diagnosis)?;
    }
    if !diagnosis.pins.is_empty() {
        pins(out, diagnosis, arenas)?;
    }
    match &diagnosis.sites {
        Some(shares) => sites(out, shares),
        None => Ok(()),
    }
}

/// The places in the program that hold most.
fn sites(out: &mut String, shares: &SiteShares) -> std::fmt::Result {
    writeln!(
        out,
        "\n{:>11} {:>9} {:>11} {:>9} {:>7}  allocated in",
        "live", "blocks", "parked", "chunks", "stacks"
    )?;
    let mut row = |allotted: &Allotted, stacks: &str, place: &str| {
        let (live, parked) = (allotted.live.to_string(), allotted.parked.to_string());
        let (blocks, chunks) = (allotted.live_blocks, allotted.parked_blocks);
        writeln!(
            out,
            "{live:>11} {blocks:>9} {parked:>11} {chunks:>9} {stacks:>7}  {place}"
        )
    };
    for share in shares.places.iter().take(MOST_PLACES) {
        let place = match &share.place[..] {
            "" => "sites without a name",
            place => place,
        };
        row(&share.allotted, &share.stacks.to_string(), place)?;
    }
    let (count, others) = shares.beyond(MOST_PLACES);
    if count > 0 {
        let more = format!("{} more places", highwater_report::count(count));
        row(&others, "", &more)?;
    }
    match shares.from_unknown.bytes() {
        Bytes::ZERO => Ok(()),
        _ => row(
            &shares.from_unknown,
            "",
            "what has no site in the recording",
        ),
    }
}

/// The pins, each with its arena where there are several.
fn pins(out: &mut String, diagnosis: &Diagnosis, arenas: bool) -> std::fmt::Result {
    writeln!(
        out,
        "\n{}{:<18} {:>8}  {:<32} {:>11}  allocated",
        if arenas { "arena  " } else { "" },
        "pin",
        "bytes",
        "state",
        "free below"
    )?;
    for pin in &diagnosis.pins {
        if pin.unlisted_above > 0 {
            let chunks = of(pin.unlisted_above, "chunk", "chunks");
            writeln!(out, "… {chunks} in use, with little or nothing free below")?;
        }
        if arenas {
            write!(out, "{:>5}  ", pin.arena)?;
        }
        writeln!(
            out,
            "{:<18} {:>8}  {:<32} {:>11}  {}",
            pin.address.to_string(),
            pin.size.0,
            state_and_place(pin),
            pin.behind.to_string(),
            origin(pin)
        )?;
    }
    let unlisted = diagnosis.unlisted_pins;
    if unlisted.count > 0 {
        writeln!(
            out,
            "… {} more, with {} free below them",
            highwater_report::count(unlisted.count),
            unlisted.behind
        )?;
    }
    Ok(())
}

/// What keeps each resident page.
fn kept(out: &mut String, pages: &PageShares) -> std::fmt::Result {
    writeln!(out, "\n{:<28} {:>11}", "resident for", "bytes")?;
    for (kind, bytes, last) in page_shares(pages) {
        let last = last.map_or(String::new(), |last| {
            format!("the last may stay for {last} more")
        });
        let line = format!(
            "{:<28} {:>11}  {last}",
            kind_in_words(kind),
            bytes.to_string()
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// What lies in each arena.
fn shares(out: &mut String, diagnosis: &Diagnosis) -> std::fmt::Result {
    writeln!(
        out,
        "\n{:>5} {:>6} {:>11} {:>11} {:>11} {:>13} {:>11}",
        "arena", "heaps", "live", "parked", "free", "free resident", "top"
    )?;
    for share in diagnosis.arenas.iter().take(MOST_ARENAS) {
        writeln!(
            out,
            "{:>5} {:>6} {:>11} {:>11} {:>11} {:>13} {:>11}",
            share.arena,
            share.heaps,
            share.live.to_string(),
            share.parked.to_string(),
            share.free.to_string(),
            share.free_resident.to_string(),
            share.top.to_string()
        )?;
    }
    if let Some(more) = diagnosis.arenas.len().checked_sub(MOST_ARENAS + 1) {
        writeln!(out, "… {} more", more + 1)?;
    }
    Ok(())
}

//! The table of all variants: what each comes to, and how far from the one that the others are held against.

use highwater_simulator::{Bytes, Column, Micros, Summary};
use yew::prelude::*;

use super::{
    attr::{self, press},
    browser,
    variants::mark,
};
use crate::{
    few::sort_few,
    format,
    state::{Action, State},
    variants::{Status, VariantState},
};

const COLUMNS: [Column; 8] = [
    Column::bytes("peak", "peak", |s| s.peak.0),
    Column::bytes("after burst", "after_burst", |s| s.after_burst.0),
    Column::bytes("after rest", "after_rest", |s| s.after_rest.0),
    Column::bytes("held", "held", |s| s.live.0),
    Column::bytes("trim would give", "reclaimable", |s| s.reclaimable.0),
    Column::bytes("at the end", "at_end", |s| s.at_end.0),
    Column::count("faults", "faults", |s| s.faults),
    Column::count("syscalls", "syscalls", |s| s.syscalls),
];

/// The column whose bars are drawn.
const BAR: usize = 2;

/// A variant in the table.
#[derive(Clone, PartialEq)]
pub struct Row {
    variant: VariantState,
    number: usize,
    is_baseline: bool,
    is_selected: bool,
}

/// What the table is made of.
fn rows(state: &State) -> Vec<Row> {
    let selected = state.selected().id;
    (state.variants.iter())
        .map(|variant| Row {
            number: variant.letter,
            is_baseline: variant.id == state.baseline,
            is_selected: variant.id == selected,
            variant: variant.clone(),
        })
        .collect()
}

impl Row {
    fn summary(&self) -> Option<&Summary> {
        self.variant.run.as_ref().map(|run| &run.ran.summary)
    }
}

/// The card with the table.
pub fn what_if(state: &State, act: &Callback<Action>) -> Html {
    let all = rows(state);
    let mut rows: Vec<&Row> = all.iter().collect();
    if let Some((column, falling)) = state.sorted {
        let value = |row: &Row| row.summary().map_or(0, COLUMNS[column].value);
        sort_few(&mut rows, |row| {
            if falling {
                u64::MAX - value(row)
            } else {
                value(row)
            }
        });
    }
    let baseline = all.iter().find(|row| row.is_baseline);
    let baseline = baseline.and_then(|row| row.summary().copied());
    let most = all.iter().filter_map(Row::summary);
    let most = most.map(COLUMNS[BAR].value).max().unwrap_or(0).max(1);
    let sort = |column: usize| act.reform(move |_: MouseEvent| Action::Sort(column));
    let order = |column: usize| match state.sorted {
        Some((of, falling)) if of == column => {
            Some(if falling { "descending" } else { "ascending" })
        }
        _ => None,
    };
    let copy = {
        let text = markdown(state.subject.title(), &all);
        act.reform(move |_: MouseEvent| {
            browser::copy(&text);
            Action::Copied
        })
    };
    let save = {
        let text = csv(&all);
        Callback::from(move |_: MouseEvent| browser::save("highwater.csv", "text/csv", &text))
    };
    html! {
        <section class="card what-if" aria-labelledby="what-if-title">
            <div class="card__head">
                <h2 id="what-if-title">{ "What if" }</h2>
                <div class="card__tools">
                    <span role="status">{ if state.copied { "Copied." } else { "" } }</span>
                    <button id="copy-markdown" type="button" class="button button--small" onclick={copy}>{ "Copy as Markdown" }</button>
                    <button id="save-csv" type="button" class="button button--small" onclick={save}>{ "CSV" }</button>
                </div>
            </div>
            <div class="scrolls" data-scrolls="x" tabindex="0" role="region" aria-label="Table of variants">
                <table id="what-if" class="table">
                    <thead>
                        <tr>
                            <th scope="col">{ "variant" }</th>
                            { for COLUMNS.iter().enumerate().map(|(index, column)| html! {
                                <>
                                    <th scope="col" class="figure" aria-sort={order(index)}>
                                        <button type="button" class="sort" data-column={column.key} onclick={sort(index)}>
                                            { column.head }
                                            { match order(index) { Some("ascending") => " ▲", Some(_) => " ▼", None => "" } }
                                        </button>
                                    </th>
                                    if index == BAR { <th class="bars"><span class="hidden">{ "bar" }</span></th> }
                                </>
                            }) }
                        </tr>
                    </thead>
                    <tbody>{ for rows.into_iter().map(|row| line(row, baseline.as_ref(), most, act)) }</tbody>
                </table>
            </div>
        </section>
    }
}

fn line(row: &Row, baseline: Option<&Summary>, most: u64, act: &Callback<Action>) -> Html {
    let id = row.variant.id;
    let summary = row.summary();
    let is_stale = summary.is_some() && !row.variant.is_fresh();
    html! {
        <tr key={id.0} data-selected={attr::flag(row.is_selected)} data-stale={attr::flag(is_stale)}>
            <th scope="row">
                <button type="button" class="row__name" title={row.variant.name.clone()} onclick={press(act, Action::Select(id))}>
                    { mark(row.number, row.variant.colour) }{ row.variant.name.clone() }
                </button>
                <button type="button" class="chip chip--small" aria-pressed={attr::flag(row.is_baseline)}
                    title="Hold the others against this one"
                    onclick={press(act, Action::Baseline(id))}>{ "base" }</button>
                { notes(row) }
            </th>
            { for COLUMNS.iter().enumerate().map(|(index, column)| {
                let value = summary.map(column.value);
                let held_against = baseline.filter(|_| !row.is_baseline).map(column.value);
                html! {
                    <>
                        <td class="figure" data-column={column.key} data-value={value.map(|value| value.to_string())}>
                            { value.map_or("–".to_owned(), |value| shown(value, column.is_bytes)) }
                            if let Some(difference) = difference(value, held_against, column.is_bytes) {
                                <small class="difference">{ difference }</small>
                            }
                        </td>
                        if index == BAR {
                            <td class="bars" aria-hidden="true">
                                <i class="bar" data-colour={attr::colour(row.variant.colour)} style={format!(
                                    "width: {}", format::percent(value.unwrap_or(0) as f64 / most as f64))} />
                            </td>
                        }
                    </>
                }
            }) }
        </tr>
    }
}

/// What has no column.
fn notes(row: &Row) -> Html {
    let mut said = Vec::new();
    match &row.variant.status {
        Status::Running(share) => said.push(format!("running {} %", (share * 100.0) as u32)),
        Status::Failed(_) => said.push("failed".to_owned()),
        Status::Idle => {}
    }
    if let Some(summary) = row.summary() {
        match summary.killed {
            0 => {}
            1 => said.push("1 process killed at the cap".to_owned()),
            n => said.push(format!("{n} processes killed at the cap")),
        }
        if let Some(near) = summary.near_cap.filter(|near| *near > Micros(0)) {
            said.push(format!("{} at the cap", format::time(near)));
        }
        if summary.trims > 0 {
            said.push(format!("malloc_trim gave {}", summary.trimmed));
        }
    }
    html! { if !said.is_empty() { <small class="row__notes">{ said.join(" · ") }</small> } }
}

fn shown(value: u64, is_bytes: bool) -> String {
    match is_bytes {
        true => Bytes(value).to_string(),
        false => format::count(value),
    }
}

/// How far it is from the one that the others are held against.
fn difference(value: Option<u64>, base: Option<u64>, is_bytes: bool) -> Option<String> {
    let (value, base) = (value?, base?);
    let sign = if value < base { "−" } else { "+" };
    let apart = value.abs_diff(base);
    Some(match apart {
        0 => "=".to_owned(),
        apart => format!("{sign}{}", shown(apart, is_bytes)),
    })
}

/// The table as CSV, in bytes.
pub fn csv(rows: &[Row]) -> String {
    let mut text = "variant".to_owned();
    for column in &COLUMNS {
        text += &format!(",{}", column.key);
    }
    text.push('\n');
    for row in rows {
        text += &format!("\"{}\"", row.variant.name.replace('"', "\"\""));
        for column in &COLUMNS {
            let value = row.summary().map(column.value);
            text += &value.map_or(",".to_owned(), |value| format!(",{value}"));
        }
        text.push('\n');
    }
    text
}

/// The table as Markdown, in MiB.
pub fn markdown(title: &str, rows: &[Row]) -> String {
    let mut text = format!("**{title}**\n\n| variant |");
    for column in &COLUMNS {
        text += &format!(" {} |", column.head);
    }
    text += "\n| --- |";
    for _ in &COLUMNS {
        text += " ---: |";
    }
    text.push('\n');
    for row in rows {
        text += &format!("| {} |", row.variant.name.replace('|', "\\|"));
        for column in &COLUMNS {
            let value = row.summary().map(column.value);
            let value = value.map_or("–".to_owned(), |value| shown(value, column.is_bytes));
            text += &format!(" {value} |");
        }
        text.push('\n');
    }
    text
}

//! The table of all variants: what each comes to, and how far from the one that the others are held against.

use highwater_report::{
    moment as words,
    table::{self, COLUMNS, Column, Of, RESIDENT, Table, runtime},
};
use highwater_simulator::{Bytes, Summary, places_by_key};
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::{
    attr::{self, press},
    browser,
    variants::mark,
};
use crate::{
    format,
    naming::automatic,
    state::{Action, At, State, TableAction, VariantAction, has_same_calls},
    variants::{Status, VariantState},
    view::RunView,
};

/// A variant in the table.
#[derive(Clone, PartialEq)]
pub struct Row {
    variant: VariantState,
    number: usize,
    is_baseline: bool,
    is_selected: bool,
    /// Its figures, and whether those of the moment are known.
    summary: Option<(Summary, bool)>,
    /// What "after burst" and the moment are in its run.
    burst: String,
    moment: String,
}

/// What the table is made of.
fn rows(state: &State) -> Vec<Row> {
    let selected = state.variants.selected().id;
    (state.variants.all.iter())
        .map(|variant| Row {
            number: variant.letter,
            is_baseline: variant.id == state.variants.baseline,
            is_selected: variant.id == selected,
            summary: state.table.figures(state.shown(), variant),
            burst: (variant.run.as_ref())
                .map_or_else(String::new, |run| words::burst(&run.ran.phases, run.last())),
            moment: (variant.run.as_ref())
                .map_or_else(String::new, |run| state.table.words(state.shown(), run)),
            variant: variant.clone(),
        })
        .collect()
}

impl Row {
    fn summary(&self) -> Option<&Summary> {
        self.summary.as_ref().map(|(summary, _)| summary)
    }

    /// A figure, if it is known.
    fn value(&self, column: &Column) -> Option<u64> {
        let (summary, is_known) = self.summary.as_ref()?;
        (*is_known || column.of != Of::Moment).then(|| (column.value)(summary))
    }

    /// What it is in documents.
    fn in_table(&self) -> table::Row {
        let stages = self.variant.run.iter().flat_map(|run| &run.order.stages);
        let stages = stages.map(|stage| (&stage.name[..], stage.workers.into(), &stage.variant));
        let (allocator, settings) = runtime(stages);
        table::Row {
            name: self.variant.name.clone(),
            allocator,
            settings,
            burst: self.burst.clone(),
            moment: self.moment.clone(),
            summary: self.summary().copied(),
            lacks_moment: self.summary.is_some_and(|(_, is_known)| !is_known),
        }
    }
}

/// The columns from left to right, by their numbers: what stays, then its price, then the rest.
const ORDER: [usize; 13] = [RESIDENT, 0, 6, 7, 1, 3, 8, 4, 10, 11, 12, 9, 5];

fn columns(document: &Table) -> Vec<&'static Column> {
    let column = |number| document.columns().find(|column| column.number == number);
    ORDER.into_iter().filter_map(column).collect()
}

/// The table as it goes into documents.
pub fn document(state: &State) -> Table {
    table(state, &rows(state))
}

fn table(state: &State, rows: &[Row]) -> Table {
    Table {
        title: state.source.title().unwrap_or_default().to_owned(),
        is_after_rest: state.table.at == At::LastRest,
        rows: rows.iter().map(Row::in_table).collect(),
    }
}

/// The rows as the table is sorted.
fn ordered(all: &[Row], sorted: Option<(usize, bool)>) -> Vec<&Row> {
    let column = sorted.and_then(|(number, falling)| {
        let column = COLUMNS.iter().find(|column| column.number == number);
        column.map(|column| (column, falling))
    });
    let Some((column, falling)) = column else {
        return all.iter().collect();
    };
    let order = places_by_key(all, |row| {
        let value = row.value(column).unwrap_or(0);
        if falling { u64::MAX - value } else { value }
    });
    order.map(|place| &all[place]).collect()
}

/// The card with the table.
pub fn what_if(state: &State, act: &Callback<Action>) -> Html {
    let all = rows(state);
    let baseline = all.iter().find(|row| row.is_baseline);
    let bar = COLUMNS.iter().find(|column| column.number == RESIDENT);
    let most = all.iter().filter_map(|row| row.value(bar?));
    let most = most.max().unwrap_or(0).max(1);
    let document = table(state, &all);
    let is_after_rest = document.is_after_rest;
    let columns = columns(&document);
    html! {
        <section class="card what-if" aria-labelledby="what-if-title">
            <div class="card__head">
                { attr::words("h2", &[("id", attr::Static("what-if-title"))], "Compare variants") }
                { moments(state, act) }
                <div class="card__tools">
                    <span role="status">{ if state.table.copied { "Copied." } else { "" } }</span>
                    { copies(&document, act) }
                </div>
            </div>
            <div class="scrolls" data-scrolls="x" tabindex="0" role="region" aria-label="Table of variants">
                <table id="what-if" class="table">
                    <thead>
                        <tr>
                            <th scope="col">{ attr::explained("variant", "variant") }</th>
                            { for columns.iter().map(|column| head(&document, column, state, act)) }
                        </tr>
                    </thead>
                    <tbody>
                        { for ordered(&all, state.table.sorted).into_iter().map(|row| line(row, baseline, (&columns, most, is_after_rest), act)) }
                    </tbody>
                </table>
            </div>
        </section>
    }
}

/// The buttons that copy the table, or save it.
fn copies(document: &Table, act: &Callback<Action>) -> Html {
    let (markdown, csv) = (document.markdown(), document.csv());
    let copy = act.reform(move |_: MouseEvent| {
        browser::copy(&markdown);
        Action::Table(TableAction::Copied)
    });
    let save =
        Callback::from(move |_: MouseEvent| browser::save("highwater.csv", "text/csv", &csv));
    let button = |id, words: &'static str, pressed| {
        attr::button(
            "button button--small",
            Some(id),
            None,
            words.into(),
            pressed,
        )
    };
    let buttons = [
        button("copy-markdown", "Copy as Markdown", copy),
        button("save-csv", "CSV", save),
    ];
    buttons.into_iter().collect()
}

/// The head of a column, which sorts by it.
fn head(document: &Table, column: &Column, state: &State, act: &Callback<Action>) -> Html {
    let (order, sign) = match state.table.sorted {
        Some((of, true)) if of == column.number => (Some("descending"), " ▼"),
        Some((of, false)) if of == column.number => (Some("ascending"), " ▲"),
        _ => (None, ""),
    };
    let sort = press(act, Action::Table(TableAction::Sort(column.number)));
    html! {
        <>
            <th scope="col" class="figure" aria-sort={order}>
                <button type="button" class="sort" data-column={column.key} data-term={column.key} onclick={sort}>
                    { document.head(column) }{ sign }
                </button>
                { moment(document, column, state) }
            </th>
            if column.number == RESIDENT { <th class="bars"><span class="hidden">{ "bar" }</span></th> }
        </>
    }
}

/// What chooses the moment of the table.
fn moments(state: &State, act: &Callback<Action>) -> Html {
    let all = state.table.moments(state.shown());
    if all.is_empty() {
        return Html::default();
    }
    let choose = act.reform(|event: Event| {
        let value = event.target_unchecked_into::<HtmlSelectElement>().value();
        Action::Table(TableAction::At(At::of_link(&value).unwrap_or_default()))
    });
    html! {
        <div class="moments">
            <label>{ "At: " }
                <select id="table-at" class="select select--small" onchange={choose}>
                    { for all.into_iter().map(|(at, words)| html! {
                        <option value={at.value()} selected={at == state.table.at}>{ words }</option>
                    }) }
                </select>
            </label>
            { attr::button("button button--small", Some("compare-here"), Some("Compare the variants at the playhead"),
                "Compare here".into(), press(act, Action::Table(TableAction::Here))) }
        </div>
    }
}

/// What the figures under a head are of, and where that is known from.
fn moment(document: &Table, column: &Column, state: &State) -> Html {
    if column.number != 1 && column.number != RESIDENT {
        return Html::default();
    }
    let phases = state.variants.run().map(|run| &run.ran.phases);
    let phase = phases.and_then(|phases| match column.of {
        Of::Burst => phases.last_burst(),
        _ => phases
            .last_rest()
            .filter(|_| state.table.at == At::LastRest),
    });
    let words = document.moment(column.of).replace('`', "");
    html! { <small class="head__moment" title={phase.map(words::source)}>{ words }</small> }
}

fn line(
    row: &Row,
    baseline: Option<&Row>,
    (columns, most, is_after_rest): (&[&Column], u64, bool),
    act: &Callback<Action>,
) -> Html {
    let id = row.variant.id;
    let summary = row.summary();
    let is_stale = summary.is_some() && !row.variant.is_fresh();
    let run = row.variant.run.as_ref();
    let settings = run.filter(|_| !row.variant.is_staged());
    let settings = settings.map(|run| automatic(run.variant()));
    html! {
        <tr key={id.0} data-selected={attr::flag(row.is_selected)} data-stale={attr::flag(is_stale)}>
            <th scope="row">
                <button type="button" class="row__name" title={row.variant.name.clone()} onclick={press(act, Action::Variant(id, VariantAction::Select))}>
                    { mark(row.number, row.variant.colour) }{ row.variant.name.clone() }
                </button>
                <button type="button" class="chip chip--small" aria-pressed={attr::flag(row.is_baseline)}
                    title="Compare the other variants with this one"
                    onclick={press(act, Action::Variant(id, VariantAction::Baseline))}>{ "baseline" }</button>
                if let Some(settings) = settings.filter(|settings| *settings != row.variant.name) {
                    <small class="row__notes row__settings">{ settings }</small>
                }
                { notes(row, baseline.filter(|_| is_after_rest)) }
            </th>
            { for columns.iter().map(|column| {
                let value = row.value(column);
                let held_against = baseline.filter(|_| !row.is_baseline);
                let held_against = held_against.and_then(|base| base.value(column));
                html! {
                    <>
                        <td class="figure" data-column={column.key} data-value={value.map(|value| value.to_string())}>
                            { value.map_or("–".to_owned(), |value| shown(value, column.is_bytes)) }
                            if let Some(difference) = difference(value, held_against, column.is_bytes) {
                                { attr::words("small", &[("class", attr::Static("difference"))], &difference) }
                            }
                        </td>
                        if column.number == RESIDENT {
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
fn notes(row: &Row, baseline: Option<&Row>) -> Html {
    let mut said = Vec::new();
    match &row.variant.status {
        Status::Running(share) => said.push(format!("running {} %", (share * 100.0) as u32)),
        Status::Failed(_) => said.push("failed".to_owned()),
        Status::Idle => {}
    }
    if let Some(summary) = row.summary() {
        let words = table::in_words(summary);
        said.extend(Some(words).filter(|words| !words.is_empty()));
    }
    said.extend(baseline.and_then(|baseline| idle(row, baseline)));
    html! { if !said.is_empty() { <small class="row__notes">{ said.join(" · ") }</small> } }
}

/// Says why a variant leaves as much as the baseline after the last rest of the same calls, where it does.
fn idle(row: &Row, baseline: &Row) -> Option<String> {
    let (own, other) = (row.variant.run.as_ref()?, baseline.variant.run.as_ref()?);
    let left = |run: &RunView| run.ran.summary.after_rest.0;
    let is_idle = !row.is_baseline
        && has_same_calls(&own.order, &other.order)
        && is_same(left(own), left(other), true);
    let because = &own.ran.answer.because;
    (is_idle && !because.is_empty()).then(|| format!("returns no more, because {because}"))
}

/// Whether two figures differ by no more than chance may make them.
fn is_same(one: u64, other: u64, is_bytes: bool) -> bool {
    let apart = one.abs_diff(other);
    apart <= one.max(other) / 100 || (is_bytes && apart < 64 << 10)
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
    Some(match is_same(value, base, is_bytes) {
        true => "same".to_owned(),
        false => format!("{sign}{}", shown(value.abs_diff(base), is_bytes)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_chance_may_make_is_the_same() {
        let mib = |number: u64| number << 20;
        let said = |value, base, is_bytes| {
            difference(Some(value), Some(base), is_bytes).unwrap_or_default()
        };
        assert_eq!(said(mib(208) - 4096, mib(208), true), "same");
        assert_eq!(said(mib(315) + (56 << 10), mib(315), true), "same");
        assert_eq!(said(mib(57), mib(208), true), "−151.0 MiB");
        assert_eq!(said(101_819, 102_148, false), "same");
        assert_eq!(said(2_834, 3_263, false), "−429");
        assert_eq!(said(0, 3, false), "−3");
        assert_eq!(difference(None, Some(1), true), None);
    }

    #[test]
    fn every_column_has_its_place() {
        let summary = Summary {
            huge: Bytes(1),
            lazy_free: Bytes(1),
            ..Summary::default()
        };
        let document = Table {
            title: String::new(),
            is_after_rest: true,
            rows: vec![table::Row {
                summary: Some(summary),
                ..table::Row::default()
            }],
        };
        let shown = columns(&document);
        let mut shown: Vec<&str> = shown.iter().map(|column| column.key).collect();
        assert_eq!(&shown[..4], ["after_rest", "peak", "faults", "syscalls"]);
        shown.sort_unstable();
        let mut all: Vec<&str> = COLUMNS.iter().map(|column| column.key).collect();
        all.sort_unstable();
        assert_eq!(shown, all);
    }
}

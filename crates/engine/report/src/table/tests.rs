//! Cells that hold anything, and what a table says of its moments.

use super::csv::field;
use super::*;
use highwater_simulator::Variable;

fn variable(name: &str, value: &str) -> Variable {
    Variable {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

fn table(name: &str, environment: Vec<Variable>) -> Table {
    let variant = Variant {
        environment,
        cap: Some(Bytes::mib(500)),
        ..Variant::default()
    };
    let (allocator, settings) = runtime([("", 1, &variant)]);
    let summary = Summary {
        peak: Bytes::mib(300),
        after_rest: Bytes::mib(200),
        killed: 1,
        near_cap: Some(Micros(1_500_000)),
        throttled: Some(Micros(700_000)),
        ..Summary::default()
    };
    Table {
        title: "A | B".to_owned(),
        is_after_rest: true,
        rows: vec![Row {
            name: name.to_owned(),
            allocator,
            settings,
            burst: "`burst1`, 5.84 s".to_owned(),
            moment: "`re|st`1`, 9.70 s".to_owned(),
            summary: Some(summary),
            lacks_moment: false,
        }],
    }
}

#[test]
fn every_row_says_allocator_and_settings_and_no_secret() {
    let environment = vec![
        variable("MALLOC_ARENA_MAX", "2"),
        variable("DATABASE_URL", "postgres://admin:hunter2@db"),
    ];
    let table = table("plain", environment);
    for text in [table.text(), table.markdown(), table.csv()] {
        assert!(text.contains("glibc@2.36"), "{text}");
        assert!(text.contains("MALLOC_ARENA_MAX=2 cap 500.0 MiB"), "{text}");
        assert!(text.contains("9.70 s"), "{text}");
        assert!(
            !text.contains("hunter2") && !text.contains("DATABASE"),
            "{text}"
        );
    }
}

#[test]
fn nothing_in_a_cell_leaves_it() {
    let table = table("a|b\n`c` <b> [x](http://y) *z*", vec![]);
    let markdown = table.markdown();
    let lines: Vec<&str> = markdown.lines().collect();
    assert_eq!(lines.len(), 5, "{markdown}");
    let cells = |line: &str| {
        let bare = line.replace("\\\\", "").replace("\\|", "");
        bare.matches('|').count()
    };
    assert_eq!(cells(lines[2]), cells(lines[3]), "{markdown}");
    assert_eq!(cells(lines[2]), cells(lines[4]), "{markdown}");
    assert!(
        lines[4].contains("a\\|b\\\\n\\`c\\` \\<b> \\[x\\](http://y) \\*z\\*"),
        "{markdown}"
    );
    assert!(lines[2].contains("(``re\\|st`1``, 9.70 s)"), "{markdown}");
}

#[test]
fn no_field_of_csv_is_a_formula() {
    for name in [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "=HYPERLINK(\"http://x\",\"y\")",
    ] {
        let csv = table(name, vec![]).csv();
        let row = csv.split_once('\n').expect("it has a row").1;
        let is_text = row.starts_with("'") || row.starts_with("\"'");
        assert!(is_text || row.starts_with("\\u0009=1"), "{row}");
    }
    assert_eq!(field("a, \"b\""), "\"a, \"\"b\"\"\"");
}

#[test]
fn columns_keep_their_numbers() {
    let mut numbers: Vec<usize> = COLUMNS.iter().map(|column| column.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..COLUMNS.len()).collect::<Vec<_>>());
    let key = |number| {
        COLUMNS
            .iter()
            .find(|column| column.number == number)
            .map(|c| c.key)
    };
    assert_eq!(key(2), Some("after_rest"));
    assert_eq!(key(7), Some("syscalls"));
}

#[test]
fn runs_with_moments_of_their_own_say_so() {
    let mut table = table("plain", vec![]);
    assert_eq!(table.moment(Of::Burst), "`burst1`, 5.84 s");
    table.rows.push(Row {
        burst: "`burst1`, 6.00 s".to_owned(),
        ..table.rows[0].clone()
    });
    assert_eq!(table.moment(Of::Burst), "each run's own");
    assert_eq!(table.moment(Of::Run), "");
}

#[test]
fn columns_for_rare_memory_are_shown_where_there_is_any() {
    let mut table = table("plain", vec![]);
    let heads = ["memory.current", "huge pages", "LazyFree"];
    let shown = |table: &Table| {
        let of = |text: String| heads.map(|head| text.contains(head));
        assert_eq!(of(table.text()), of(table.markdown()));
        of(table.text())
    };
    assert_eq!(shown(&table), [true, false, false]);
    let summary = table.rows[0].summary.as_mut().expect("it has run");
    summary.huge = Bytes::mib(2);
    assert_eq!(shown(&table), [true, true, false]);
    let csv = table.csv();
    assert!(csv.contains(",memory_current,huge,lazy_free,") && csv.contains(",2097152,0,"));
}

//! Short texts in the forms of many languages and tools. Each begins with a line `=== name | NAME=value | ...`, which says
//! what it sets; those that set nothing are as many.

use highwater_settings::{Environment, is_setting};

const FORMS: &str = include_str!("forms.txt");

/// Name, settings and text of each.
fn forms() -> impl Iterator<
    Item = (
        &'static str,
        Vec<(&'static str, &'static str)>,
        &'static str,
    ),
> {
    FORMS.split("\n=== ").skip(1).map(|form| {
        let (head, text) = form.split_once('\n').expect("a text follows");
        let mut parts = head.split(" | ");
        let name = parts.next().unwrap_or_default();
        let settings = parts.filter_map(|part| part.split_once('='));
        (name, settings.collect(), text)
    })
}

#[test]
fn each_form_sets_what_it_says() {
    let mut wrong = String::new();
    for (name, expected, text) in forms() {
        let read = Environment::parse(text);
        let found = read.variables.iter().map(|v| (&*v.name, &*v.value));
        let found: Vec<(&str, &str)> = found.collect();
        if found != expected {
            wrong += &format!("{name}\n  read     {found:?}\n  expected {expected:?}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(forms().count() > 140);
}

#[test]
fn what_was_read_is_read_back_as_it_was() {
    for (name, _, text) in forms() {
        let read = Environment::parse(text).variables;
        assert!(read.iter().all(|variable| is_setting(&variable.name)));
        let lines: Vec<String> = read.iter().map(ToString::to_string).collect();
        assert_eq!(
            Environment::parse(&lines.join("\n")).variables,
            read,
            "{name}"
        );
    }
}

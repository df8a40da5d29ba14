//! Links of the first form: one thing to a line, by a letter. Addresses that somebody writes, and pages around this one, are put
//! into it, too.
//!
//! Without variants, those that the subject begins with stay, and `n` lines are settings of the first.

use highwater_workload::spec::Tree;

use crate::subject::Subject;

/// Each letter, the table of today's form that its line stands in, and the keys of its words. The last key has the rest of
/// the line; settings are one key's, line by line.
const LINES: [(&str, &str, &[&str]); 20] = [
    ("s", "run", &["scenario"]),
    ("f", "run", &["trace"]),
    ("k", "run", &["checksum"]),
    ("p", "parameters", &[""]),
    ("v", "variant", &["base", "colour", "allocator", "name"]),
    ("e", "variant", &["environment"]),
    ("i", "variant", &["given"]),
    ("a", "variant", &["letter"]),
    ("n", "", &["first"]),
    ("u", "view", &["selected", "baseline", "beside"]),
    ("t", "view", &["time"]),
    ("z", "view", &["from", "to"]),
    ("h", "view", &["hidden"]),
    ("o", "view", &["column", "falls"]),
    ("m", "view", &["at"]),
    ("d", "view", &["only"]),
    ("b", "view", &["first", "last"]),
    ("g", "tour", &["step", "language"]),
    ("c", "view", &["theme"]),
    ("l", "view", &["depth"]),
];

/// The keys of a variant's marks. These links have its base by number.
const MARKS: [&str; 4] = ["base", "colour", "given", "letter"];

type Pairs = Vec<(String, Tree)>;

/// Turns the lines into the form of today.
pub(super) fn upgraded(text: &str) -> Result<Tree, String> {
    let mut tables: Vec<(&str, Pairs)> = vec![("run", Pairs::new()), ("", Pairs::new())];
    for (number, line) in text.lines().enumerate() {
        // Not what stands there: that may be anything.
        let strange = || format!("line {} is not understood", number + 1);
        take(&mut tables, line).ok_or_else(strange)?;
    }
    let mut run = Pairs::new();
    let mut all = Pairs::new();
    let (mut variants, mut marks) = (Vec::new(), Vec::new());
    for (name, pairs) in tables {
        match name {
            "run" => run.extend(pairs),
            "" => all.extend(pairs),
            "variant" => {
                let is_mark = |(key, _): &(String, Tree)| MARKS.contains(&&**key);
                let (own, rest) = pairs.into_iter().partition(is_mark);
                marks.push(Tree::Table(own));
                variants.push(Tree::Table(rest));
            }
            "parameters" => run.push((name.to_owned(), Tree::Table(pairs))),
            _ => all.push((name.to_owned(), Tree::Table(pairs))),
        }
    }
    run.push(("variant".to_owned(), Tree::List(variants)));
    all.push(("run".to_owned(), Tree::Table(run)));
    all.push(("marks".to_owned(), Tree::List(marks)));
    Ok(Tree::Table(all))
}

/// Takes a line, if it is one.
fn take<'l>(tables: &mut Vec<(&'l str, Pairs)>, line: &'l str) -> Option<()> {
    let (letter, words) = line.split_at_checked(1)?;
    let (_, table, keys) = LINES.into_iter().find(|(own, ..)| *own == letter)?;
    let mut at = tables.iter().rposition(|(name, _)| *name == table);
    if letter == "v" || table != "variant" && at.is_none() {
        at = Some(tables.len());
        tables.push((table, Pairs::new()));
    }
    let pairs = &mut tables[at?].1;
    if letter == "v" {
        pairs.push(("environment".to_owned(), Tree::Text(String::new())));
    }
    let mut words = words.splitn(keys.len(), ' ');
    for key in keys {
        let (key, word) = match (*key, words.next()?) {
            ("", word) => word.split_once(' ')?,
            ("scenario", name) if Subject::BUNDLED.iter().any(|one| one.key() == name) => {
                ("trace", name)
            }
            ("beside", "-") => continue,
            said => said,
        };
        let is_setting = matches!(letter, "e" | "n");
        let end = if is_setting { "\n" } else { "" };
        match pairs.iter_mut().find(|(own, _)| own == key) {
            Some((_, Tree::Text(text))) => {
                if !is_setting {
                    text.clear();
                }
                text.extend([word, end]);
            }
            _ => pairs.push((key.to_owned(), Tree::Text(word.to_owned() + end))),
        }
    }
    Some(())
}

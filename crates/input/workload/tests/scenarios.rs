//! Scenario files: those of the catalogue can be run, and what is wrong in one is said with its line.

use highwater_workload::Scenario;
use highwater_workload::pattern::Pattern;
use highwater_workload::scenario::ScenarioFile;
use highwater_workload::spec::{Calls, OPTIONS, PlannedStage, Step};
use std::fs;

/// What is wrong with a file, read or planned.
fn fault(text: &str) -> String {
    let file = match ScenarioFile::read("test", text) {
        Ok(file) => file,
        Err(error) => return error.to_string(),
    };
    match file.scenario.plan() {
        Ok(_) => String::new(),
        Err(fault) => file.locate(fault).to_string(),
    }
}

/// The pattern that a stage runs.
fn pattern(stage: &PlannedStage) -> Option<Pattern> {
    match stage.calls {
        Calls::Pattern(pattern, _) => Some(pattern),
        Calls::Trace => None,
    }
}

const HEAD: &str = "title = \"T\"\nshows = \"S\"\nsource = \"O\"\n";

#[test]
fn every_file_of_the_folder_is_in_the_catalogue_and_can_be_run() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let mut files: Vec<String> = fs::read_dir(folder)
        .expect("it is there")
        .map(|entry| entry.expect("it can be read").file_name())
        .map(|name| name.to_string_lossy().trim_end_matches(".toml").to_owned())
        .collect();
    files.sort();
    let catalogue = Scenario::catalogue();
    let mut names: Vec<String> = catalogue.iter().map(|s| s.name.clone()).collect();
    names.sort();
    assert_eq!(names, files);
    for scenario in &catalogue {
        let text = Scenario::text(&scenario.name).expect("it has a file");
        let read = ScenarioFile::read(&scenario.name, text).expect("it is well formed");
        assert_eq!(read.scenario, *scenario, "as the build script has it");
        let planned = scenario.plan().expect(&scenario.name);
        assert_eq!(planned.len(), scenario.run.parts.len());
        assert!(planned.len() > 1, "{}: something to compare", scenario.name);
        scenario.run.common().expect("it has a pattern");
        assert!(
            Pattern::ALL
                .iter()
                .all(|pattern| pattern.name() != scenario.name)
        );
        for key in ["title", "shows", "source"] {
            assert!(!scenario.run.text(key).trim().is_empty());
        }
    }
}

#[test]
fn what_is_not_said_is_as_at_the_level_above() {
    let text = format!(
        "{HEAD}pattern = \"async_fanout\"\ncap = 500\nallocator = \"jemalloc\"\n\
         [parameters]\nevents = 7\nrest = 1.5\nshape = \"mixed\"\n\
         [[variant]]\nname = \"a\"\n\
         [[variant]]\nname = \"b\"\npattern = \"sync\"\ncap = 100\nparameters = {{ events = 8 }}\n\
         [[variant.stage]]\nname = \"first\"\nworkers = 3\n\
         [[variant.stage]]\nname = \"second\"\npython = \"none\"\nenvironment = \"A=1\"\nparameters = {{ rest = 2 }}\n"
    );
    let file = ScenarioFile::read("test", &text).expect("it is well formed");
    let planned = file.scenario.plan().expect("it can be run");
    let (a, b) = (&planned[0], &planned[1]);
    assert_eq!((a.stages.len(), b.stages.len()), (1, 2));
    let a = &a.stages[0];
    assert_eq!(
        (a.name.as_str(), pattern(a)),
        ("a", Some(Pattern::AsyncFanOut))
    );
    let set = |stage: &PlannedStage, name| match &stage.calls {
        Calls::Pattern(_, parameters) => parameters.get(name),
        Calls::Trace => None,
    };
    let values = ["events", "rest", "shape"].map(|name| set(a, name));
    assert_eq!(values, [Some(7.0), Some(1.5), Some(1.0)]);
    assert_eq!(
        (a.cap, a.workers, a.python.as_deref()),
        (Some(500), 1, Some("3.11"))
    );
    assert_eq!(a.allocator.as_deref(), Some("jemalloc"));
    let (first, second) = (&b.stages[0], &b.stages[1]);
    assert_eq!(
        (pattern(first), first.workers, first.cap),
        (Some(Pattern::Sync), 3, Some(100))
    );
    let values = ["events", "rest"].map(|name| set(first, name));
    assert_eq!(values, [Some(8.0), Some(1.5)]);
    assert_eq!((second.workers, set(second, "rest")), (1, Some(2.0)));
    assert_eq!(
        (second.python.as_deref(), second.environment.as_deref()),
        (None, Some("A=1"))
    );
    assert_eq!(
        second.fault("environment", String::new()).place,
        [
            Step::Key("variant".into()),
            Step::Number(1),
            Step::Key("stage".into()),
            Step::Number(1),
            Step::Key("environment".into())
        ]
    );
    let changed = vec![("events".to_owned(), "9".to_owned())];
    let planned = file.scenario.plan_with(changed).expect("it can be run");
    let events = |variant: usize| set(&planned[variant].stages[0], "events");
    assert_eq!(events(0), Some(9.0));
    assert_eq!(events(1), Some(8.0), "its own stays");
}

#[test]
fn what_is_wrong_is_said_with_its_line_and_what_is_allowed() {
    let variant = "[[variant]]\nname = \"a\"\n";
    for (text, parts) in [
        (
            format!("{HEAD}pattern = \"sync\"\ncolour = 3\n{variant}"),
            &["line 5", "colour", "pattern"][..],
        ),
        ("title = \"T\"\n".to_owned(), &["line 1", "exactly one of"]),
        (
            format!("{HEAD}pattern = \"sync\"\nscenario = \"decay\"\n{variant}"),
            &["line 4", "exactly one of"],
        ),
        (
            format!("{HEAD}pattern = \"sync\"\nversion = 2\n{variant}"),
            &["line 5", "version", "reads version 1, not 2"],
        ),
        (
            format!("{HEAD}scenario = \"nosuch\"\n{variant}"),
            &["line 4", "unknown scenario `nosuch`"],
        ),
        (
            format!("{HEAD}scenario = \"decay\"\n{variant}base = \"nosuch\"\n"),
            &["line 7", "no such variant"],
        ),
        (
            format!("{HEAD}pattern = \"sync\"\n{variant}base = \"b\"\n"),
            &["line 7", "only a scenario has variants"],
        ),
        (
            format!("{HEAD}trace = \"a.hwt\"\nworkers = 2\n{variant}"),
            &["line 5", "a trace is one process"],
        ),
        (
            format!("{HEAD}pattern = \"sync\"\nvariant = [1]\n"),
            &["line 5", "expected a table"],
        ),
        (
            format!("{HEAD}pattern = \"sync\"\n{variant}colour = 3\n"),
            &["line 7", "colour", "stage"],
        ),
        (
            format!("{HEAD}pattern = \"sink\"\n{variant}"),
            &["line 4", "sink", "async_fanout"],
        ),
        (
            format!("{HEAD}{variant}"),
            &["a pattern is missing", "async_fanout"],
        ),
        (
            format!("{HEAD}pattern = \"sync\"\n[parameters]\nrest = 1\nevents = 0\n{variant}"),
            &["line 7", "events=0", "between 1 and 20000"],
        ),
        (
            format!("{HEAD}pattern = \"sync\"\n[parameters]\nevent = 5\n{variant}"),
            &["line 6", "event", "events"],
        ),
        (
            format!(
                "{HEAD}pattern = \"sync\"\n{variant}parameters = {{ rest = 1, events = 99999 }}\n"
            ),
            &["line 7", "events=99999", "20000"],
        ),
        (
            format!("{HEAD}pattern = \"sync\"\n{variant}[variant.parameters]\nshape = \"round\"\n"),
            &[
                "line 8",
                "shape",
                "must be one of text, mixed, chunks, small",
            ],
        ),
        (
            format!("{HEAD}pattern = \"sync\"\n{variant}[variant.parameters]\nshape = [1]\n"),
            &["line 8", "shape: expected a number or a text, not a list"],
        ),
        (
            format!("{HEAD}pattern = \"sync\"\nworkers = 65\n{variant}"),
            &[
                "line 5",
                "workers: ",
                "a whole number between 1 and 64, not 65",
            ],
        ),
        (
            format!("{HEAD}pattern = \"sync\"\ncap = 0\n{variant}"),
            &["line 5", "cap: ", "between 1 and 1048576, not 0"],
        ),
        (
            format!("{HEAD}pattern = \"sync\"\ncores = \"two\"\n{variant}"),
            &["line 5", "cores: ", "between 1 and 4096, not two"],
        ),
        (
            format!("{HEAD}pattern = \"sync\"\ncores = -2\n{variant}"),
            &["line 5", "cores: ", "between 1 and 4096, not -2"],
        ),
        (
            format!("{HEAD}pattern = \"sync\"\n{variant}{variant}"),
            &["line 8", "two variants are named `a`"],
        ),
        (
            format!(
                "{HEAD}pattern = \"sync\"\n{variant}[[variant.stage]]\nname = \"s\"\n\
                 [[variant.stage]]\nname = \"t\"\nworkers = 0\n"
            ),
            &["line 11", "workers", "not 0"],
        ),
        (
            format!(
                "{HEAD}pattern = \"sync\"\n[parameters]\ncycles = 1000\nevents = 20000\n{variant}"
            ),
            &["line 5", "calls", "Reduce events"],
        ),
        (format!("{HEAD}pattern = \n{variant}"), &["line 4"]),
        ("\u{0}".to_owned(), &["line 1"]),
    ] {
        let said = fault(&text);
        assert_eq!(said.lines().count(), 1, "{said:?} to\n{text}");
        for part in parts {
            assert!(said.contains(part), "{part:?} in {said:?} to\n{text}");
        }
    }
}

#[test]
fn an_error_is_one_line_whatever_a_file_says() {
    let keys = OPTIONS
        .iter()
        .chain(&["version", "scenario", "trace", "checksum"]);
    let odd = "a\\nb\\r\\u001b[2J\\u0085c";
    let mut texts: Vec<String> = keys.map(|key| format!("{key} = \"{odd}\"\n")).collect();
    texts.push(format!("\"{odd}\" = 1\n"));
    texts.push(format!(
        "pattern = \"service\"\n[parameters]\n\"{odd}\" = 1\n"
    ));
    texts.push(format!(
        "pattern = \"service\"\n[parameters]\nevents = \"{odd}\"\n"
    ));
    texts.push(format!("[[variant]]\nname = \"{odd}\"\nbase = \"{odd}\"\n"));
    texts.push(format!(
        "pattern = \"service\"\n[[variant]]\nname = \"{odd}\"\ncap = \"{odd}\"\n"
    ));
    let mut faults = 0;
    for text in texts {
        let fault = fault(&format!("{HEAD}{text}"));
        assert!(!fault.contains(char::is_control), "{text}: {fault:?}");
        faults += usize::from(!fault.is_empty());
    }
    assert!(faults > 15, "only {faults} are faults");
}

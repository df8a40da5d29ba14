//! The reader of scenario files, and what a scenario comes to.
#![no_main]
use highwater_workload::scenario::ScenarioFile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match ScenarioFile::read("fuzzed", text) {
        Ok(file) => {
            if let Err(fault) = file.scenario.plan() {
                one_line(&file.locate(fault).to_string());
            }
        }
        Err(error) => one_line(&error.to_string()),
    }
});

fn one_line(message: &str) {
    assert!(
        !message.is_empty() && !message.contains('\n'),
        "{message:?}"
    );
}

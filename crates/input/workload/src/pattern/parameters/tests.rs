use super::*;

#[test]
fn a_parameter_is_set_or_left_alone() {
    let mut parameters: Parameters = "rest=1.2345 seed=4294967295".parse().unwrap();
    parameters.set("events", 300.4).unwrap();
    let values = ["rest", "events", "seed"].map(|name| parameters.get(name));
    assert_eq!(values, [Some(1.235), Some(300.0), Some(4_294_967_295.0)]);
    let before = parameters;
    for (name, value) in [
        ("events", "0"),
        ("events", "many"),
        ("rest", "-1"),
        ("rest", "NaN"),
        ("rest", "inf"),
        ("payload", "1e300"),
        ("shape", "4"),
        ("shape", "round"),
        ("trim", "maybe"),
        ("color", "1"),
    ] {
        let error = parameters.set_text(name, value).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    parameters.set("rest", f64::NAN).unwrap_err();
    assert_eq!(parameters, before);
}

#[test]
fn values_come_back_as_they_went() {
    let parameters: Parameters = "rest=1.235 seed=4294967295".parse().unwrap();
    let values = parameters.values();
    assert_eq!(Parameters::of_values(&values), Ok(parameters));
    assert!(Parameters::of_values(&[f64::NAN]).is_err());
}

#[test]
fn each_process_has_a_seed_of_its_own() {
    let parameters: Parameters = "seed=4294967294".parse().unwrap();
    let seed = |number| parameters.of_process(number).get("seed");
    assert_eq!(
        [seed(0), seed(1), seed(2)],
        [Some(4_294_967_294.0), Some(4_294_967_295.0), Some(0.0)]
    );
}

#[test]
fn the_errors_say_what_is_allowed() {
    for (set, message) in [
        (
            "rest=4000000",
            "rest=4000000: the value must be between 0 and 1000000 s",
        ),
        (
            "batch=few",
            "batch=few: the value must be a number between 1 and 20000 events",
        ),
        ("trim=maybe", "trim=maybe: the value must be one of no, yes"),
        ("trim=2", "trim=2: the value must be one of no, yes"),
    ] {
        let error = set.parse::<Parameters>().unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let error = "rests=4".parse::<Parameters>().unwrap_err();
    assert!(error.to_string().contains("rest, cycles"), "{error}");
}

#[test]
fn every_value_that_a_field_takes_is_run_or_the_error_says_one_that_is() {
    for program in Program::ALL {
        for parameter in Parameters::ALL.iter().filter(|one| one.is_of(program)) {
            let mut parameters = Parameters::default();
            parameters.set(parameter.name, parameter.max).unwrap();
            let Err(error) = parameters.check(program) else {
                continue;
            };
            let told = error.to_string();
            println!("{program:?} {told}");
            let lower = told.rsplit_once(&format!("Reduce {} to ", parameter.name));
            let (_, lower) = lower.unwrap_or_else(|| panic!("{told}"));
            let value = lower.trim_end_matches(&parameter.spaced_unit());
            parameters.set_text(parameter.name, value).unwrap();
            parameters
                .check(program)
                .unwrap_or_else(|error| panic!("{error}"));
        }
    }
    // What a program holds from its start alone is bounded by its own range.
    let mut parameters = Parameters::default();
    let preload = place("preload").unwrap();
    parameters
        .set("preload", Parameters::ALL[preload].max)
        .unwrap();
    parameters.check(Program::Service).unwrap();
}

#[test]
fn too_much_work_is_refused_before_it_is_begun() {
    let check = |set: &str, program| set.parse::<Parameters>().unwrap().check(program);
    let error = check("events=20000 cycles=1000", Program::Service).unwrap_err();
    assert!(matches!(error, ParameterError::TooManyCalls { .. }));
    let error = check("payload=16777216 events=200 cycles=1", Program::Service).unwrap_err();
    assert!(
        matches!(error, ParameterError::TooMuchHeld { .. }),
        "{error}"
    );
    let error = check("churn=1000 cycles=1000 requests=1", Program::Pool).unwrap_err();
    assert!(error.to_string().contains("1000016 threads"), "{error}");
}

#[test]
fn every_default_is_in_its_range_and_every_choice_has_a_name() {
    let parameters = Parameters::default();
    for parameter in Parameters::ALL {
        let mut same = parameters;
        same.set(parameter.name, parameter.default).unwrap();
        assert_eq!(same, parameters);
        let choices = parameter.choices.len() as f64;
        assert!(
            choices == 0.0 || choices == parameter.max + 1.0,
            "{}",
            parameter.name
        );
    }
    for program in Program::ALL {
        parameters.check(program).unwrap();
    }
}

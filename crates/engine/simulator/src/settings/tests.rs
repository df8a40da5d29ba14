use super::*;

fn read(text: &str) -> (Option<Choice>, Vec<Judged>) {
    let environment = Environment::parse(text);
    let chosen = choose(&environment.variables, environment.linked);
    let choice = chosen.as_ref().and_then(Chosen::choice);
    let variant = Variant {
        allocator: choice.unwrap_or_default(),
        environment: environment.variables.clone(),
        ..Variant::default()
    };
    (choice, judge(&environment, &variant))
}

fn effects(text: &str) -> Vec<(String, Effect)> {
    let judged = read(text).1.into_iter();
    judged.map(|j| (j.name, j.effect)).collect()
}

fn jemalloc() -> Option<Choice> {
    Some("jemalloc@5.3.0".parse().expect("it is modelled"))
}

#[test]
fn preloading_chooses_and_what_the_other_allocator_would_read_falls() {
    use Effect::{NoEffect, Obeyed};
    let text =
        "LD_PRELOAD=/usr/lib/libjemalloc.so.2\nMALLOC_ARENA_MAX=2\nMALLOC_CONF=dirty_decay_ms:1000";
    assert_eq!(read(text).0, jemalloc());
    let expected = [
        ("LD_PRELOAD", Obeyed),
        ("MALLOC_ARENA_MAX", NoEffect),
        ("MALLOC_CONF", Obeyed),
    ];
    assert_eq!(effects(text), expected.map(|(n, e)| (n.to_owned(), e)));
    let text = "LD_PRELOAD=/opt/agent.so\nMALLOC_ARENA_MAX=2\nMALLOC_CONF=dirty_decay_ms:1000";
    assert_eq!(read(text).0, None);
    let expected = [
        ("LD_PRELOAD", NoEffect),
        ("MALLOC_ARENA_MAX", Obeyed),
        ("MALLOC_CONF", NoEffect),
    ];
    assert_eq!(effects(text), expected.map(|(n, e)| (n.to_owned(), e)));
}

#[test]
fn a_library_of_an_old_jemalloc_is_told_from_the_present_one() {
    for (library, release) in [
        ("libjemalloc.so.1", "jemalloc@5.2.1"),
        ("libjemalloc.so.2", "jemalloc@5.3.0"),
        ("libjemalloc.so", "jemalloc@5.3.0"),
    ] {
        let text = format!("LD_PRELOAD=/usr/lib/x86_64-linux-gnu/{library}");
        let environment = Environment::parse(&text);
        let chosen = choose(&environment.variables, false).expect("it is jemalloc");
        let choice = chosen.choice().expect("it is modelled");
        assert_eq!(choice.to_string(), release);
        let is_remarked = chosen.says(choice).contains("is jemalloc 3 or older");
        assert_eq!(is_remarked, library.ends_with(".1"), "{library}");
    }
}

#[test]
fn an_allocator_without_a_model_is_named_and_takes_glibcs_settings_away() {
    let text =
        "LD_PRELOAD=libtcmalloc.so.4:libjemalloc.so.2\nMALLOC_ARENA_MAX=1\nMALLOC_ARENAMAX=1";
    let (choice, judged) = read(text);
    assert_eq!(choice, None);
    assert!(
        judged[0]
            .says
            .contains("tcmalloc, which has no model yet: glibc 2.36 runs")
    );
    assert_eq!(judged[1].effect, Effect::NoEffect);
    assert_eq!(judged[2].effect, Effect::NotRead);
}

#[test]
fn a_second_value_of_what_has_no_effect_gives_it_none() {
    let (choice, judged) =
        read("LD_PRELOAD=libjemalloc.so.2\nMALLOC_ARENA_MAX=2\nMALLOC_ARENA_MAX=1");
    assert_eq!(choice, jemalloc());
    let arenas = judged.iter().find(|one| one.name == "MALLOC_ARENA_MAX");
    let arenas = arenas.expect("it is judged");
    assert_eq!(arenas.effect, Effect::NoEffect, "{arenas:?}");
    assert!(arenas.says.contains("Set more than once"), "{arenas:?}");
}

#[test]
fn a_prefixed_jemalloc_reads_its_own_variable() {
    let text = "MALLOC_CONF=narenas:1\n_RJEM_MALLOC_CONF=dirty_decay_ms:1s";
    let (choice, judged) = read(text);
    assert_eq!(choice, jemalloc());
    assert_eq!(judged[0].effect, Effect::NoEffect, "{judged:?}");
    assert!(judged[1].says.contains("Read as MALLOC_CONF"), "{judged:?}");
    assert!(judged[1].says.contains("Invalid conf value"), "{judged:?}");
}

#[test]
fn checks_are_judged_together() {
    let (_, judged) = read("LD_PRELOAD=libc_malloc_debug.so.0\nMALLOC_CHECK_=3");
    assert!(
        judged.iter().all(|j| j.effect == Effect::Obeyed),
        "{judged:?}"
    );
    let (_, judged) = read("MALLOC_CHECK_=3");
    assert_eq!(judged[0].effect, Effect::NoEffect);
}

#[test]
fn a_refused_line_sets_nothing_and_says_why() {
    let (_, judged) = read("ENV MALLOC_ARENA_MAX=2 # two");
    assert_eq!((judged.len(), judged[0].effect), (1, Effect::Invalid));
    assert_eq!(judged[0].value, "2");
    assert!(judged[0].says.starts_with("Docker refuses"), "{judged:?}");
}

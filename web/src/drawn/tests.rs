use super::*;
use crate::{
    state::{InspectionAction, PlayheadAction, TableAction, VariantAction},
    subject::Choices,
    variants::VariantId,
};
use highwater_simulator::{Choice, Micros};

/// What must stay text wherever it is drawn.
const PLANTED: &str = "</p><b id=\"planted\">'\"&";

/// A link of the first release.
const FIRST: &str = "sdecay\npevents 300\nv0 0 glibc@2.36 mine\neMALLOC_ARENA_MAX=2\nv1 5 jemalloc@5.3.0 second one\n\
                     eMALLOC_CONF=dirty_decay_ms:1000\nu1 0 0\nt1500000\nz1000000 2000000\nh4\no2 1\ncdark\n";

/// What a value is changed to.
const ODD: [&str; 22] = [
    "0",
    "-1",
    "1",
    "7",
    "65536",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "1e99",
    "NaN",
    "",
    "null",
    "[]",
    "{}",
    "\u{202e}x\u{0}",
    PLANTED,
    "glibc@2.36",
    "jemalloc@5.2.1",
    "MALLOC_ARENA_MAX=0\n",
    "desc",
    "decay",
    "\\n",
];

#[test]
fn the_page_that_opens_is_drawn_whole() {
    let (drawn, html) = Drawn::open().html();
    assert_eq!(drawn.state.trouble, None);
    for part in [
        "after rest",
        "id=\"chart\"",
        "curve--rss",
        "id=\"why\"",
        "id=\"what-if\"",
    ] {
        assert!(html.contains(part), "{part}");
    }
}

/// `HIGHWATER_LINKS` is how many, `HIGHWATER_SEED` the first one's seed.
#[test]
fn a_changed_link_is_drawn_whatever_it_says() {
    let number = |name, otherwise| {
        std::env::var(name).map_or(otherwise, |text| text.parse().expect("a whole number"))
    };
    let (first, links) = (number("HIGHWATER_SEED", 1), number("HIGHWATER_LINKS", 25));
    let mut drawn = Drawn::open();
    let mut refused = 0;
    for seed in first..first + links {
        let mut random = fastrand::Rng::with_seed(seed);
        let made = made_by_hand(&mut drawn, &mut random);
        let link = changed(&made, &mut random);
        // What fails is printed with what it was opened with.
        println!("seed {seed}: {link}");
        drawn.change(Action::OpenLink(Some(link)));
        refused += u64::from(drawn.state.trouble.is_some());
        let (after, html) = drawn.html();
        assert!(
            html.contains("id=\"chart\"") || after.state.tour.is_talk(),
            "{html}"
        );
        assert!(!html.contains("<b id=\"planted\""), "{html}");
        drawn = after;
        // What somebody does next is answered.
        drawn.change(Action::Choose(Subject::Bundled));
        assert!(!drawn.state.is_busy() && drawn.state.variants.run().is_some());
    }
    println!("{refused} of {links} were refused");
    assert!(refused < links, "some of them can be read");
}

/// The text of a link to something that somebody may have come to.
fn made_by_hand(drawn: &mut Drawn, random: &mut fastrand::Rng) -> String {
    if random.u8(..8) == 0 {
        return FIRST.to_owned();
    }
    for _ in 0..random.u8(1..6) {
        let variants = &drawn.state.variants.all;
        let id = variants[random.usize(..variants.len())].id;
        drawn.change(action(id, random));
    }
    drawn.state.link_of_shown()
}

fn action(id: VariantId, random: &mut fastrand::Rng) -> Action {
    let odd = ODD[random.usize(..ODD.len())].to_owned();
    match random.u8(..12) {
        0 | 1 => {
            let choices = Choices::all();
            let keys = [
                "decay",
                "environment",
                "reproduction",
                "bundled",
                "async_fanout",
                "sync",
            ];
            let key = keys[random.usize(..keys.len())];
            Action::Choose(choices.find(key).unwrap_or(Subject::Bundled))
        }
        2 => Action::Variant(
            id,
            VariantAction::EditEnvironment("MALLOC_TOP_PAD_=0\n".to_owned()),
        ),
        3 => Action::Variant(id, VariantAction::EditEnvironment(odd)),
        4 => Action::Variant(id, VariantAction::Rename(PLANTED.to_owned())),
        5 => Action::Variant(id, VariantAction::Duplicate),
        6 => Action::Variant(id, VariantAction::Compare(true)),
        7 => {
            let known: Vec<Choice> = Choice::all().collect();
            let choice = known[random.usize(..known.len())];
            Action::Variant(id, VariantAction::ChooseAllocator(choice))
        }
        8 => Action::Playhead(PlayheadAction::Seek(Micros(random.u64(..20_000_000)))),
        9 => Action::Table(TableAction::Sort(random.usize(..6))),
        10 => Action::Inspection(InspectionAction::AskWithout(random.usize(1..4))),
        _ => Action::EditParameter(random.usize(..12), odd),
    }
}

/// A link with a few of its characters, numbers or texts changed.
fn changed(link: &str, random: &mut fastrand::Rng) -> String {
    let mut letters: Vec<char> = link.chars().collect();
    for _ in 0..random.u8(1..3) {
        let at = random.usize(..letters.len().max(1));
        let odd = ODD[random.usize(..ODD.len())].chars();
        match random.u8(..9) {
            // The next value says something else; most such links can be read.
            0..=5 => {
                let text: String = letters[at..].iter().collect();
                let begins = text.find(":\"").map_or(text.len(), |begins| begins + 2);
                let ends = text[begins..]
                    .find('"')
                    .map_or(text.len(), |length| begins + length);
                letters.truncate(at);
                letters.extend(text[..begins].chars());
                letters.extend(odd.filter(|letter| *letter != '"'));
                letters.extend(text[ends..].chars());
            }
            6 => letters.truncate(at),
            7 => {
                let copied: Vec<char> = letters[at..].iter().take(40).copied().collect();
                letters.splice(at..at, copied);
            }
            _ => letters.splice(at..at, odd).for_each(drop),
        }
        if letters.is_empty() {
            letters.extend("{}".chars());
        }
    }
    letters.into_iter().collect()
}

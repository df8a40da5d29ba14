//! What the tests of several drawings are made of.

use highwater_simulator::{Address, Choice, Strip, StripKind, Variable, Variant};
use roxmltree::Document;

/// A strip of pages, of kinds by number.
pub(crate) fn strip(kind: StripKind, start: u64, runs: &[(u8, u32)]) -> Strip {
    Strip {
        kind,
        start: Address(start),
        pages: runs.iter().map(|(_, length)| u64::from(*length)).sum(),
        runs: runs.to_vec(),
        top: None,
    }
}

/// A variant with an environment.
pub(crate) fn variant(allocator: &str, environment: &[(&str, &str)]) -> Variant {
    Variant {
        allocator: allocator.parse::<Choice>().expect("it is modelled"),
        environment: environment
            .iter()
            .map(|(name, value)| Variable {
                name: (*name).to_owned(),
                value: (*value).to_owned(),
            })
            .collect(),
        ..Variant::default()
    }
}

/// All texts of a picture.
pub(crate) fn texts(document: &Document) -> Vec<String> {
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name("text"));
    texts
        .filter_map(|node| node.text().map(str::to_owned))
        .collect()
}

/// Each of these is one of the texts, whole.
pub(crate) fn assert_says(texts: &[String], parts: &[&str]) {
    for part in parts {
        assert!(
            texts.iter().any(|text| text == part),
            "{part} in {texts:#?}"
        );
    }
}

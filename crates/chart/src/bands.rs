//! What the program did when: the time between marks.

use highwater_simulator::Micros;

/// A phase of the program.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// What it is called.
    pub name: &'static str,
    /// Where it begins.
    pub from: Micros,
    /// Where it ends.
    pub to: Micros,
}

/// The bands from mark to mark. The marks, each with its time, name what they end: `burst:0` comes after the first burst.
pub fn bands(marks: &mut dyn Iterator<Item = (&str, Micros)>, last: Micros) -> Vec<Band> {
    let mut bands = Vec::new();
    let mut from = None;
    let mut push = |name, from: Option<Micros>, to: Micros| {
        if let Some(from) = from
            && to > from
        {
            bands.push(Band { name, from, to });
        }
    };
    for (name, time) in marks {
        let stem = name.split(':').next().unwrap_or_default();
        match stem {
            "start" => {}
            "burst" => push("burst", from, time),
            "rest" => push("rest", from, time),
            _ => continue,
        }
        from = Some(time);
    }
    push("end", from, last);
    bands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_ends_at_the_mark_that_names_it() {
        let marks = [
            ("at:1", 5),
            ("start", 10),
            ("burst:0", 20),
            ("gc:0", 21),
            ("rest:0", 60),
        ];
        let mut marks = marks.into_iter().map(|(name, time)| (name, Micros(time)));
        let bands: Vec<_> = bands(&mut marks, Micros(70))
            .into_iter()
            .map(|band| (band.name, band.from.0, band.to.0))
            .collect();
        assert_eq!(
            bands,
            [("burst", 10, 20), ("rest", 20, 60), ("end", 60, 70)]
        );
    }
}

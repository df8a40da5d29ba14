//! Call sites in words: which place in the program made a call.

use highwater_simulator::places;

/// Returns the place that made a request and the one that called it, of the places of a site, the innermost first; `None` of a
/// site without a name.
pub fn called_in(site: &str) -> Option<String> {
    let mut places = places(site);
    let first = places.next()?;
    Some(match places.next() {
        Some(caller) => format!("{first}, called by {caller}"),
        None => first.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_simulator::innermost;

    #[test]
    fn a_site_is_told_by_its_innermost_places() {
        let told = |site| called_in(site);
        assert_eq!(told(""), None);
        assert_eq!(told("main"), Some("main".to_owned()));
        let deep = "read(a.py:3) serve(b.py:9) main(b.py:1)";
        assert_eq!(
            told(deep),
            Some("read(a.py:3), called by serve(b.py:9)".to_owned())
        );
        assert_eq!(innermost(deep), Some("read(a.py:3)"));
        assert_eq!(innermost(""), None);
    }
}

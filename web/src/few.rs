//! Sorting what there is little of.

/// Sorts a few things by a key; those of one key stay as they are. The standard library's sort is made for many, and takes
/// kilobytes of what is sent to a browser for every type.
pub fn sort_few<T, K: PartialOrd>(things: &mut [T], key: impl Fn(&T) -> K) {
    for end in 1..things.len() {
        let mut place = end;
        while place > 0 && key(&things[place - 1]) > key(&things[place]) {
            things.swap(place - 1, place);
            place -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_one_key_stays_as_it_is() {
        let mut things = ["ccc", "a", "bb", "b", "aa"];
        sort_few(&mut things, |thing| thing.len());
        assert_eq!(things, ["a", "b", "bb", "aa", "ccc"]);
    }
}

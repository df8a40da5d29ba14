//! A flame graph: what the call stacks hold that hold most, by the places in the program that led to it, the outermost at the top.

use highwater_simulator::{Bytes, SiteShares};
use yew::prelude::*;

use super::attr;

/// Places on the way to an allocation that are drawn.
const DEEPEST: usize = 32;
/// What is narrower than this share is left out: nobody could point at it.
const NARROWEST: f64 = 0.003;
/// Shares under this have no room for a name.
const NAMED: f64 = 0.04;

/// A place with all that it led to.
#[derive(Debug, PartialEq)]
struct Flame<'a> {
    place: &'a str,
    depth: usize,
    /// Where it begins and how wide it is, as shares of the whole.
    left: f64,
    width: f64,
    bytes: u64,
}

/// A stack, the outermost place last, as it is taken apart; and what was allocated from it.
type Stack<'a> = (std::iter::Rev<std::vec::IntoIter<&'a str>>, u64);

/// The flame graph of the stacks that hold most.
pub(super) fn flame(shares: &SiteShares) -> Html {
    let flames = flames(shares);
    let rows = flames.iter().map(|flame| flame.depth + 1).max();
    let Some(rows) = rows else {
        return Html::default();
    };
    let draw = |flame: &Flame| {
        let title = format!("{}: {}", flame.place, Bytes(flame.bytes));
        let name = if flame.width >= NAMED {
            flame.place
        } else {
            ""
        };
        let style = format!(
            "{}; --row: {}",
            attr::spanned(flame.left, flame.width),
            flame.depth
        );
        html! { <i {style} {title}>{ name }</i> }
    };
    html! {
        <div class="flame" role="img" aria-label="Flame graph of the call stacks that hold most" style={format!("--rows: {rows}")}>
            { for flames.iter().map(draw) }
        </div>
    }
}

/// Bytes of all of these stacks.
fn whole(shares: &SiteShares) -> u64 {
    let listed = shares.sites.iter().map(|share| share.allotted.bytes().0);
    listed.sum()
}

fn flames(shares: &SiteShares) -> Vec<Flame<'_>> {
    let stacks = shares.sites.iter().map(|share| {
        let places: Vec<&str> = share
            .site
            .split(' ')
            .filter(|place| !place.is_empty())
            .collect();
        (places.into_iter().rev(), share.allotted.bytes().0)
    });
    let mut all = Vec::new();
    grow(
        stacks.collect(),
        0,
        0.0,
        whole(shares).max(1) as f64,
        &mut all,
    );
    all
}

/// Adds what the next places of these stacks led to, each with those behind it.
fn grow<'a>(
    stacks: Vec<Stack<'a>>,
    depth: usize,
    mut left: f64,
    whole: f64,
    all: &mut Vec<Flame<'a>>,
) {
    let mut groups: Vec<(&str, u64, Vec<Stack>)> = Vec::new();
    for (mut places, bytes) in stacks {
        let Some(place) = places.next() else {
            continue;
        };
        let known = groups.iter_mut().find(|group| group.0 == place);
        match known {
            Some(group) => {
                group.1 += bytes;
                group.2.push((places, bytes));
            }
            None => groups.push((place, bytes, vec![(places, bytes)])),
        }
    }
    for (place, bytes, behind) in groups {
        let width = bytes as f64 / whole;
        if width >= NARROWEST {
            all.push(Flame {
                place,
                depth,
                left,
                width,
                bytes,
            });
            if depth + 1 < DEEPEST {
                grow(behind, depth + 1, left, whole, all);
            }
        }
        left += width;
    }
}

#[cfg(test)]
mod tests {
    use highwater_simulator::{Allotted, SiteShare};

    use super::*;

    fn shares(sites: &[(&str, u64)]) -> SiteShares {
        let share = |(site, bytes): &(&str, u64)| SiteShare {
            site: (*site).to_owned(),
            allotted: Allotted {
                live: Bytes(*bytes),
                ..Allotted::default()
            },
        };
        SiteShares {
            sites: sites.iter().map(share).collect(),
            ..SiteShares::default()
        }
    }

    #[test]
    fn a_place_is_as_wide_as_all_that_it_led_to() {
        let shares = shares(&[
            ("read serve main", 60),
            ("load main", 30),
            ("write serve main", 10),
        ]);
        let drawn: Vec<_> = flames(&shares)
            .iter()
            .map(|flame| {
                (
                    flame.place,
                    flame.depth,
                    (flame.left * 100.0).round(),
                    (flame.width * 100.0).round(),
                )
            })
            .collect();
        assert_eq!(
            drawn,
            [
                ("main", 0, 0.0, 100.0),
                ("serve", 1, 0.0, 70.0),
                ("read", 2, 0.0, 60.0),
                ("write", 2, 60.0, 10.0),
                ("load", 1, 70.0, 30.0),
            ]
        );
    }

    #[test]
    fn what_nobody_could_see_is_left_out_and_a_deep_stack_ends() {
        let deep = (0..100)
            .map(|place| format!("f{place}"))
            .collect::<Vec<_>>()
            .join(" ");
        let shares = shares(&[(&deep, 100_000), ("small", 1), ("", 50_000)]);
        let drawn = flames(&shares);
        assert_eq!(drawn.len(), DEEPEST);
        assert_eq!(drawn[0].place, "f99");
        assert!((drawn[0].width - 0.6667).abs() < 0.001);
        assert!(flames(&SiteShares::default()).is_empty());
    }
}

//! An order of a module's functions in which it packs better: those that are alike lie near each other.
//!
//! What packs a module finds again what it has seen in the last 32 KiB, and a page's module is forty times as long. The
//! tools that make modules put the longest function first. With like beside like, 4 % less is sent.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use super::functions::{functions, with_functions};

/// Bytes of code that two functions have in common where they are alike.
const RUN: usize = 5;
/// Bytes of functions before a place that count there: what follows lies within reach of them.
const REACH: usize = 28_000;
/// What the length of a short function counts as, in bytes, so that the shortest are not always the most alike.
const SHORT: usize = 30;

/// Writes a module again, its functions in an order in which it packs well; what it does stays the same. A run of code that `common`
/// functions have or more says nothing about any two of them.
pub(super) fn packing_well(module: &[u8], common: usize) -> Result<Vec<u8>> {
    let (_, bodies) = functions(module)?;
    let order = order(&bodies, common);
    let mut place = vec![0; order.len()];
    for (at, &function) in order.iter().enumerate() {
        place[function] = at;
    }
    let made = with_functions(module, order, &place)?;
    ensure!(
        functions(&made)?.1.len() == bodies.len(),
        "a function was lost"
    );
    Ok(made)
}

/// The functions, each after those within reach that it has most in common with, for its length.
fn order(bodies: &[&[u8]], common: usize) -> Vec<usize> {
    let (runs_of, having) = runs(bodies, common);
    let weight: Vec<i64> = having
        .iter()
        .map(|functions| (1000.0 / (functions.len() as f64).sqrt()) as i64)
        .collect();
    // The square root of the cube of its square root: a long function has more in common with any other.
    let length: Vec<f64> = bodies
        .iter()
        .map(|body| (body.len() + SHORT) as f64)
        .map(|length| (length * length.sqrt()).sqrt())
        .collect();
    let mut common = vec![0_i64; bodies.len()];
    let mut within_reach = vec![0_u32; having.len()];
    let mut left: Vec<usize> = (0..bodies.len()).collect();
    let mut order: Vec<usize> = Vec::new();
    let (mut first, mut reach) = (0, 0);
    while !left.is_empty() {
        let likeness = |&at: &usize| common[left[at]] as f64 / length[left[at]];
        let next = (0..left.len()).max_by(|a, b| {
            likeness(a)
                .total_cmp(&likeness(b))
                // What is alike to nothing goes on with the longest.
                .then_with(|| bodies[left[*a]].len().cmp(&bodies[left[*b]].len()))
                .then_with(|| b.cmp(a))
        });
        let function = left.remove(next.unwrap_or_default());
        order.push(function);
        reach += bodies[function].len();
        for &run in &runs_of[function] {
            within_reach[run] += 1;
            if within_reach[run] == 1 {
                having[run].iter().for_each(|&f| common[f] += weight[run]);
            }
        }
        while first + 1 < order.len() && reach > REACH + bodies[order[first]].len() {
            let gone = order[first];
            first += 1;
            reach -= bodies[gone].len();
            for &run in &runs_of[gone] {
                within_reach[run] -= 1;
                if within_reach[run] == 0 {
                    having[run].iter().for_each(|&f| common[f] -= weight[run]);
                }
            }
        }
    }
    order
}

/// The runs of each function that it shares with few others, by number, and the functions that have each run.
fn runs(bodies: &[&[u8]], common: usize) -> (Vec<Vec<usize>>, Vec<Vec<usize>>) {
    let mut having: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
    for (function, body) in bodies.iter().enumerate() {
        for run in body.windows(RUN) {
            let functions = having.entry(run).or_default();
            if functions.last() != Some(&function) {
                functions.push(function);
            }
        }
    }
    let having: Vec<Vec<usize>> = having
        .into_values()
        .filter(|functions| (2..common).contains(&functions.len()))
        .collect();
    let mut runs_of = vec![Vec::new(); bodies.len()];
    for (run, functions) in having.iter().enumerate() {
        functions.iter().for_each(|&f| runs_of[f].push(run));
    }
    (runs_of, having)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::functions::tests::{exported, module};

    #[test]
    fn like_lies_beside_like_and_every_name_has_its_function() -> Result<()> {
        let before = module();
        let after = packing_well(&before, 100)?;
        let (_, bodies) = functions(&after)?;
        assert_ne!(after, before);
        assert_eq!(bodies[1], bodies[2], "the two that are alike");
        for name in ["first", "last"] {
            assert_eq!(exported(&after, name)?, (5, 0), "{name}");
        }
        let (constant, called) = exported(&after, "between")?;
        assert_eq!(constant, 9000);
        let (imported, bodies) = functions(&after)?;
        assert_eq!(bodies[(called - imported) as usize], bodies[1]);
        Ok(())
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(packing_well(b"no module", 100).is_err());
    }
}

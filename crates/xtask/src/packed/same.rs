//! Functions with the same code, each kept once: the compiler makes one of them for every type of those that lie in memory alike, and
//! packed each still takes dozens of bytes.

use std::collections::HashMap;

use anyhow::Result;
use wasmparser::{Parser, Payload};

use super::functions::{functions, with_functions};

/// Writes a module again with one of those of its functions that have the same type and code. Those that differed only in which of
/// them they call are the same then, so it goes on until none are.
pub(super) fn kept_once(module: &[u8]) -> Result<Vec<u8>> {
    let mut module = module.to_vec();
    while let Some(less) = once(&module)? {
        module = less;
    }
    Ok(module)
}

/// The module with fewer functions, if any are the same.
fn once(module: &[u8]) -> Result<Option<Vec<u8>>> {
    let (_, bodies) = functions(module)?;
    let types = types(module)?;
    let mut known = HashMap::new();
    let (mut order, mut place) = (Vec::new(), Vec::new());
    for (function, alike) in types.iter().zip(&bodies).enumerate() {
        let at = *known.entry(alike).or_insert(order.len());
        if at == order.len() {
            order.push(function);
        }
        place.push(at);
    }
    let is_less = order.len() < bodies.len();
    let less = is_less.then(|| with_functions(module, order, &place));
    less.transpose()
}

/// The type of each of a module's own functions, by number.
fn types(module: &[u8]) -> Result<Vec<u32>> {
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::FunctionSection(functions) = payload? {
            return Ok(functions.into_iter().collect::<Result<_, _>>()?);
        }
    }
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::functions::tests::{exported, module};

    #[test]
    fn of_two_that_are_the_same_one_is_left_and_answers_for_both() -> Result<()> {
        let before = module();
        assert_eq!(functions(&before)?.1.len(), 3);
        let after = kept_once(&before)?;
        assert_eq!(functions(&after)?.1.len(), 2);
        for name in ["first", "last"] {
            assert_eq!(exported(&after, name)?, exported(&before, name)?, "{name}");
        }
        let (constant, called) = exported(&after, "between")?;
        assert_eq!((constant, called), (9000, 1), "the one that is left");
        assert_eq!(kept_once(&after)?, after);
        Ok(())
    }
}

//! An order of a module's functions in which it packs better: those that are alike lie near each other.
//!
//! What packs a module finds again what it has seen in the last 32 KiB, and a page's module is forty times as long. The
//! tools that make modules put the longest function first. With like beside like, 4 % less is sent.

use std::{collections::BTreeMap, convert::Infallible};

use anyhow::{Result, ensure};
use wasm_encoder::{
    CodeSection, FunctionSection, Module,
    reencode::{Error, Reencode},
};
use wasmparser::{
    CodeSectionReader, FunctionBody, FunctionSectionReader, Parser, Payload, TypeRef,
};

/// Bytes of code that two functions have in common where they are alike.
const RUN: usize = 5;
/// A run that more functions have says nothing about any two of them.
const COMMON: usize = 100;
/// Bytes of functions before a place that count there: what follows lies within reach of them.
const REACH: usize = 28_000;
/// What the length of a short function counts as, in bytes, so that the shortest are not always the most alike.
const SHORT: usize = 30;

/// Writes a module again, its functions in the order that packs best; what it does stays the same.
pub(super) fn packing_well(module: &[u8]) -> Result<Vec<u8>> {
    let (imported, bodies) = functions(module)?;
    let order = order(&bodies);
    let mut place = vec![0; order.len()];
    for (at, &function) in order.iter().enumerate() {
        place[function] = imported + u32::try_from(at)?;
    }
    let mut ordered = Ordered {
        imported,
        order,
        place,
    };
    let mut made = Module::new();
    ordered.parse_core_module(&mut made, Parser::new(0), module)?;
    let made = made.finish();
    ensure!(
        functions(&made)?.1.len() == bodies.len(),
        "a function was lost"
    );
    Ok(made)
}

/// The number of functions that a module is given, and the code of its own.
fn functions(module: &[u8]) -> Result<(u32, Vec<&[u8]>)> {
    let (mut imported, mut bodies) = (0, Vec::new());
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.as_bytes()),
            _ => {}
        }
    }
    Ok((imported, bodies))
}

/// The functions, each after those within reach that it has most in common with, for its length.
fn order(bodies: &[&[u8]]) -> Vec<usize> {
    let (runs_of, having) = runs(bodies);
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
fn runs(bodies: &[&[u8]]) -> (Vec<Vec<usize>>, Vec<Vec<usize>>) {
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
        .filter(|functions| (2..COMMON).contains(&functions.len()))
        .collect();
    let mut runs_of = vec![Vec::new(); bodies.len()];
    for (run, functions) in having.iter().enumerate() {
        functions.iter().for_each(|&f| runs_of[f].push(run));
    }
    (runs_of, having)
}

/// Writes a module again with its functions in another order.
struct Ordered {
    imported: u32,
    /// The functions as they shall lie.
    order: Vec<usize>,
    /// The new number of each.
    place: Vec<u32>,
}

impl Reencode for Ordered {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error<Infallible>> {
        Ok(match function.checked_sub(self.imported) {
            Some(own) => self.place[own as usize],
            None => function,
        })
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        let types: Vec<u32> = section.into_iter().collect::<Result<_, _>>()?;
        for &function in &self.order {
            functions.function(types[function]);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        let bodies: Vec<FunctionBody<'_>> = section.into_iter().collect::<Result<_, _>>()?;
        for function in self.order.clone() {
            self.parse_function_body(code, bodies[function].clone())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{
        EntityType, ExportKind, ExportSection, Function, ImportSection, TypeSection,
    };
    use wasmparser::{ExternalKind, Operator};

    /// A module with a function of another's and three own: two are alike, and a third lies between them and calls the last.
    fn module() -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut imports = ImportSection::new();
        imports.import("m", "given", EntityType::Function(0));
        let mut functions = FunctionSection::new();
        let mut exports = ExportSection::new();
        let mut code = CodeSection::new();
        for (number, name) in [(1, "first"), (2, "between"), (3, "last")] {
            functions.function(0);
            exports.export(name, ExportKind::Func, number);
            let mut body = Function::new([]);
            let mut instructions = body.instructions();
            let (from, calls) = if number == 2 { (9000, 3) } else { (5, 0) };
            for constant in from..from + 20 {
                instructions.i32_const(constant).drop();
            }
            instructions.call(calls).end();
            code.function(&body);
        }
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions);
        module.section(&exports).section(&code);
        module.finish()
    }

    /// The first constant and the called function of what an exported name stands for.
    fn exported(module: &[u8], name: &str) -> Result<(i32, u32)> {
        let (imported, _) = functions(module)?;
        let (mut number, mut bodies) = (None, Vec::new());
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export?;
                        if export.name == name && export.kind == ExternalKind::Func {
                            number = Some(export.index - imported);
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => bodies.push(body),
                _ => {}
            }
        }
        let number = number.ok_or_else(|| anyhow::anyhow!("no {name}"))?;
        let (mut constant, mut called) = (None, None);
        for operator in bodies[number as usize].get_operators_reader()? {
            match operator? {
                Operator::I32Const { value } => constant = constant.or(Some(value)),
                Operator::Call { function_index } => called = Some(function_index),
                _ => {}
            }
        }
        constant
            .zip(called)
            .ok_or_else(|| anyhow::anyhow!("another body"))
    }

    #[test]
    fn like_lies_beside_like_and_every_name_has_its_function() -> Result<()> {
        let before = module();
        let after = packing_well(&before)?;
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
        assert!(packing_well(b"no module").is_err());
    }
}

//! The functions of a module, and the module again with others of them or in another order.

use std::convert::Infallible;

use anyhow::Result;
use wasm_encoder::{
    CodeSection, FunctionSection, Module,
    reencode::{Error, Reencode},
};
use wasmparser::{
    CodeSectionReader, FunctionBody, FunctionSectionReader, Parser, Payload, TypeRef,
};

/// Returns the number of functions that a module is given, and the code of its own.
pub(super) fn functions(module: &[u8]) -> Result<(u32, Vec<&[u8]>)> {
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

/// Writes a module again with the functions of `order`, by their places now. A call of a function is one of that at the place that
/// `place` has for it in the new order.
pub(super) fn with_functions(module: &[u8], order: Vec<usize>, place: &[usize]) -> Result<Vec<u8>> {
    let (imported, _) = functions(module)?;
    let place = place.iter().map(|at| Ok(imported + u32::try_from(*at)?));
    let mut rewritten = Rewritten {
        imported,
        order,
        place: place.collect::<Result<_>>()?,
    };
    let mut made = Module::new();
    rewritten.parse_core_module(&mut made, Parser::new(0), module)?;
    Ok(made.finish())
}

/// A module that is written again.
struct Rewritten {
    imported: u32,
    /// The functions as they shall lie.
    order: Vec<usize>,
    /// The new number of each.
    place: Vec<u32>,
}

impl Reencode for Rewritten {
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
pub(super) mod tests {
    use super::*;
    use wasm_encoder::{
        EntityType, ExportKind, ExportSection, Function, ImportSection, TypeSection,
    };
    use wasmparser::{ExternalKind, Operator};

    /// A module with a function of another's and three own: two are alike, and a third lies between them and calls the last.
    pub(crate) fn module() -> Vec<u8> {
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
    pub(crate) fn exported(module: &[u8], name: &str) -> Result<(i32, u32)> {
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
}

//! String literals of Rust, wherever they are: in code, in macros and in attributes that hold a message.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result};
use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, Item, ItemEnum, ItemStruct, LitStr, Macro, Meta,
    visit::{self, Visit},
};

use super::Text;

/// Attributes whose strings reach a user.
const MESSAGES: [&str; 4] = ["arg", "command", "error", "value"];

/// Types whose documentation reaches a user: as the help of the command, or as the types of the JavaScript package.
const DOCUMENTED: [&str; 5] = ["Args", "Parser", "Subcommand", "Tsify", "ValueEnum"];

/// Returns the texts of a source file, tests left out.
pub(super) fn texts(file: &str, source: &str) -> Result<Vec<Text>> {
    let parsed = syn::parse_file(source).with_context(|| format!("{file} cannot be parsed"))?;
    let mut collector = Collector {
        file,
        texts: Vec::new(),
        documented: 0,
    };
    collector.visit_file(&parsed);
    collector.texts.sort_by_key(|text| text.line);
    Ok(collector.texts)
}

/// Returns the files that are modules of tests: those that `#[cfg(test)] mod name;` names.
pub(super) fn test_files(root: &Path, files: &[String]) -> Result<BTreeSet<String>> {
    let mut tests = BTreeSet::new();
    for file in files.iter().filter(|file| file.ends_with(".rs")) {
        let source =
            fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {file}"))?;
        if !source.contains("cfg(") {
            continue;
        }
        let parsed =
            syn::parse_file(&source).with_context(|| format!("{file} cannot be parsed"))?;
        for item in parsed.items {
            if let Item::Mod(module) = &item
                && module.content.is_none()
                && is_test(&module.attrs)
            {
                let inner = format!("{}/{}", folder_of_modules(file), module.ident);
                let below = |one: &&String| {
                    **one == format!("{inner}.rs") || one.starts_with(&format!("{inner}/"))
                };
                tests.extend(files.iter().filter(below).cloned());
            }
        }
    }
    Ok(tests)
}

/// The folder that holds the modules of a file.
fn folder_of_modules(file: &str) -> &str {
    let (folder, name) = file.rsplit_once('/').unwrap_or((".", file));
    match name {
        "lib.rs" | "main.rs" | "mod.rs" => folder,
        _ => file.trim_end_matches(".rs"),
    }
}

/// Whether the attributes leave an item to tests.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::Path(path) => path
            .segments
            .last()
            .is_some_and(|last| last.ident == "test"),
        Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string();
            let names = condition.split(|c: char| !c.is_alphanumeric() && c != '_');
            let names: Vec<&str> = names.collect();
            names.contains(&"test") && !names.contains(&"not")
        }
        _ => false,
    })
}

/// Whether a type derives one of the traits that show its documentation.
fn is_documented(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("derive") => {
            let derived = list.tokens.to_string();
            derived
                .split(|c: char| !c.is_alphanumeric())
                .any(|name| DOCUMENTED.contains(&name))
        }
        _ => false,
    })
}

struct Collector<'a> {
    file: &'a str,
    texts: Vec<Text>,
    /// How many types around the place show their documentation.
    documented: usize,
}

impl Collector<'_> {
    fn add(&mut self, literal: &LitStr) {
        let line = literal.span().start().line;
        self.texts
            .push(Text::new(self.file, line, &super::plain(&literal.value())));
    }

    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    if let Ok(literal) = syn::parse2::<LitStr>(TokenTree::from(literal).into()) {
                        self.add(&literal);
                    }
                }
                _ => {}
            }
        }
    }

    /// The lines of documentation of one item, as one text.
    fn documentation(&mut self, attributes: &[Attribute]) {
        let mut lines = Vec::new();
        let mut first = 0;
        for attribute in attributes {
            if let Meta::NameValue(pair) = &attribute.meta
                && pair.path.is_ident("doc")
                && let syn::Expr::Lit(literal) = &pair.value
                && let syn::Lit::Str(literal) = &literal.lit
            {
                if lines.is_empty() {
                    first = literal.span().start().line;
                }
                lines.push(literal.value());
            }
        }
        if !lines.is_empty() {
            self.texts
                .push(Text::new(self.file, first, &lines.join(" ")));
        }
    }
}

impl<'ast> Visit<'ast> for Collector<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes: &[Attribute] = match item {
            Item::Const(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Macro(item) => &item.attrs,
            Item::Mod(item) => &item.attrs,
            Item::Static(item) => &item.attrs,
            _ => &[],
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        let documented = usize::from(is_documented(&item.attrs));
        self.documented += documented;
        if self.documented > 0 {
            self.documentation(&item.attrs);
        }
        visit::visit_item_struct(self, item);
        self.documented -= documented;
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        let documented = usize::from(is_documented(&item.attrs));
        self.documented += documented;
        if self.documented > 0 {
            self.documentation(&item.attrs);
        }
        visit::visit_item_enum(self, item);
        self.documented -= documented;
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if self.documented > 0 {
            self.documentation(&field.attrs);
        }
        visit::visit_field(self, field);
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        if self.documented > 0 {
            self.documentation(&variant.attrs);
        }
        visit::visit_variant(self, variant);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta
            && MESSAGES.iter().any(|name| list.path.is_ident(name))
        {
            self.tokens(list.tokens.clone());
        }
    }

    fn visit_lit_str(&mut self, literal: &'ast LitStr) {
        self.add(literal);
    }

    fn visit_macro(&mut self, called: &'ast Macro) {
        self.tokens(called.tokens.clone());
    }
}

//! The Rust sources of the repository, as its own tests read them.

use crate::root;
use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use syn::visit::{self, Visit};
use syn::{ImplItemFn, ItemFn, Lit, Signature, TraitItemFn};

/// A string literal and the line it begins on.
#[derive(Debug)]
pub struct Literal {
    /// Path of the file, from the root of the repository.
    pub file: String,
    /// Line number, from 1.
    pub line: usize,
    /// Its value, escapes resolved.
    pub text: String,
}

/// A function and its length.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Line number of its signature, from 1.
    pub line: usize,
    /// Lines from the signature to the closing brace.
    pub length: usize,
}

/// The text of each `*.rs` that git tracks or would add, by its path.
///
/// # Panics
/// If git is not there.
pub fn all() -> BTreeMap<String, String> {
    let mut git = Command::new("git");
    git.args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "*.rs",
    ]);
    let out = git.current_dir(root()).output().expect("git");
    let paths = String::from_utf8(out.stdout).expect("paths");
    // A file that is deleted and not yet committed is still listed.
    let read = |path: &str| Some((path.into(), fs::read_to_string(root().join(path)).ok()?));
    paths.lines().filter_map(read).collect()
}

/// True for a file that is part of a program we ship: not a test, a benchmark or a fuzz target.
pub fn is_shipped(path: &str) -> bool {
    let mut parts = path.split('/');
    !parts.any(|part| matches!(part, "tests" | "bench" | "fuzz"))
}

/// The string literals of a file, those in the arguments of macros and attributes included, documentation excluded.
///
/// # Panics
/// If the text is not Rust.
pub fn literals(file: &str, text: &str) -> Vec<Literal> {
    let tokens: TokenStream = text
        .parse()
        .unwrap_or_else(|cause| panic!("{file}: {cause}"));
    let mut found = Vec::new();
    collect(file, tokens, &mut found);
    found
}

fn collect(file: &str, tokens: TokenStream, found: &mut Vec<Literal>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) if !is_doc(&group.stream()) => {
                collect(file, group.stream(), found);
            }
            TokenTree::Literal(literal) => {
                let line = literal.span().start().line;
                let text = match Lit::new(literal) {
                    Lit::Str(text) => text.value(),
                    Lit::ByteStr(text) => String::from_utf8_lossy(&text.value()).into_owned(),
                    _ => continue,
                };
                found.push(Literal {
                    file: file.into(),
                    line,
                    text,
                });
            }
            _ => {}
        }
    }
}

/// True for the inside of `#[doc = "..."]`, which a doc comment is.
fn is_doc(tokens: &TokenStream) -> bool {
    let mut tokens = tokens.clone().into_iter();
    let is_name = matches!(tokens.next(), Some(TokenTree::Ident(name)) if name == "doc");
    is_name && matches!(tokens.next(), Some(TokenTree::Punct(mark)) if mark.as_char() == '=')
}

/// The functions of a file.
///
/// # Panics
/// If the text is not Rust.
pub fn functions(file: &str, text: &str) -> Vec<Function> {
    let parsed = syn::parse_file(text).unwrap_or_else(|cause| panic!("{file}: {cause}"));
    let mut functions = Functions(Vec::new());
    functions.visit_file(&parsed);
    functions.0
}

struct Functions(Vec<Function>);

impl Functions {
    fn add(&mut self, signature: &Signature, block: &syn::Block) {
        let line = signature.fn_token.span.start().line;
        let end = block.brace_token.span.close().end().line;
        self.0.push(Function {
            name: signature.ident.to_string(),
            line,
            length: end - line + 1,
        });
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(block) = &item.default {
            self.add(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

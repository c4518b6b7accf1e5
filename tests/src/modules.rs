//! The graph of imports between the files of one crate, and the circles in it.
//!
//! An arrow goes from a file to the file that defines a name it mentions: in a `use` declaration, or by a path such as
//! `crate::row::Row` or `row::Row` in code and in the arguments of macros. Re-exports are followed to the definition.
//! `mod x;` is not an arrow, nor is anything under `#[cfg(test)]`; a re-export is one, to the definition. Methods are not
//! seen: a value whose type is never named makes no arrow.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use syn::visit::{self, Visit};
use syn::{Attribute, Ident, Item, UseTree, Visibility};

/// Names through which one file depends on another.
type Names = BTreeSet<String>;

/// The files of a crate and the arrows between them.
#[derive(Debug, Default)]
pub struct Graph {
    arrows: BTreeMap<String, BTreeMap<String, Names>>,
}

/// One module: a file, or an inline `mod` in a file.
#[derive(Debug, Default)]
struct Module {
    file: String,
    parent: usize,
    children: BTreeMap<String, usize>,
    /// Names defined here.
    defined: BTreeSet<String>,
    /// Imported names, by the name they have here.
    imported: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    /// Paths that the code mentions.
    mentioned: BTreeSet<Vec<String>>,
}

/// The target of a path.
enum Target {
    Module(usize),
    Item(usize),
}

/// Circular references between re-exports end here.
const DEEPEST: usize = 16;

impl Graph {
    /// The graph of the crate whose root is the file `root`, among `sources`: text by path.
    ///
    /// # Panics
    /// If a file cannot be parsed.
    pub fn read(root: &str, sources: &BTreeMap<String, String>) -> Self {
        let mut modules = Vec::new();
        let dir = root.rsplit_once('/').map_or("", |(dir, _)| dir);
        add_file(root, dir, 0, sources, &mut modules);
        let mut graph = Self::default();
        for (at, module) in modules.iter().enumerate() {
            for path in module.imported.values().chain(&module.mentioned) {
                if let Some(Target::Item(to)) = resolve(&modules, at, path, 0) {
                    graph.add(&module.file, &modules[to].file, path);
                }
            }
            for path in &module.globs {
                if let Some(Target::Item(to) | Target::Module(to)) = resolve(&modules, at, path, 0)
                {
                    graph.add(&module.file, &modules[to].file, path);
                }
            }
        }
        graph
    }

    fn add(&mut self, from: &str, to: &str, path: &[String]) {
        if from != to {
            let arrows = self.arrows.entry(from.into()).or_default();
            let names = arrows.entry(to.into()).or_default();
            names.extend(path.last().cloned());
        }
    }

    /// The files that `from` depends on.
    pub fn imports(&self, from: &str) -> Vec<&str> {
        let arrows = self.arrows.get(from).into_iter().flatten();
        arrows.map(|(to, _)| to.as_str()).collect()
    }

    fn reachable<'g>(&'g self, from: &'g str) -> BTreeSet<&'g str> {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(file) = next.pop() {
            next.extend(self.imports(file).into_iter().filter(|to| seen.insert(*to)));
        }
        seen
    }

    /// Each set of files that depend on one another, as text: one line for each arrow inside it, with the names.
    pub fn circles(&self) -> Vec<String> {
        let files = self.arrows.keys().map(String::as_str);
        let reachable: BTreeMap<&str, _> = files.map(|file| (file, self.reachable(file))).collect();
        let meets = |a: &str, b: &str| reachable.get(a).is_some_and(|files| files.contains(b));
        let mut circles = BTreeSet::new();
        for file in self.arrows.keys().filter(|file| meets(file, file)) {
            let together = |other: &&String| meets(file, other) && meets(other, file);
            circles.insert(self.arrows.keys().filter(together).collect::<Vec<_>>());
        }
        circles.iter().map(|files| self.describe(files)).collect()
    }

    fn describe(&self, files: &[&String]) -> String {
        let mut lines = vec![format!("a circle of {} files:", files.len())];
        for from in files {
            let inside = self.arrows[*from]
                .iter()
                .filter(|(to, _)| files.contains(to));
            lines.extend(inside.map(|(to, names)| {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                format!("  {from} -> {to} ({})", names.join(", "))
            }));
        }
        lines.join("\n")
    }
}

/// Adds the module in `file` and those below it. `dir` is the directory of its child modules.
fn add_file(
    file: &str,
    dir: &str,
    parent: usize,
    sources: &BTreeMap<String, String>,
    modules: &mut Vec<Module>,
) -> usize {
    let text = sources.get(file).map_or("", String::as_str);
    let parsed = syn::parse_file(text).unwrap_or_else(|cause| panic!("{file}: {cause}"));
    add_items(&parsed.items, file, dir, parent, sources, modules)
}

fn add_items(
    items: &[Item],
    file: &str,
    dir: &str,
    parent: usize,
    sources: &BTreeMap<String, String>,
    modules: &mut Vec<Module>,
) -> usize {
    let at = modules.len();
    modules.push(Module {
        file: file.into(),
        parent,
        ..Module::default()
    });
    let mut module = Collector::default();
    for item in items {
        if let Item::Mod(child) = item {
            if is_test(&child.attrs) {
                continue;
            }
            let name = child.ident.to_string();
            let below = format!("{dir}/{name}");
            let index = if let Some((_, items)) = &child.content {
                add_items(items, file, &below, at, sources, modules)
            } else {
                let candidates = [format!("{below}.rs"), format!("{below}/mod.rs")];
                let found = candidates.iter().find(|path| sources.contains_key(*path));
                let found = found.unwrap_or(&candidates[0]);
                add_file(found, &below, at, sources, modules)
            };
            modules[at].children.insert(name, index);
        } else {
            module.defined.extend(name(item).map(ToString::to_string));
            module.visit_item(item);
        }
    }
    let entry = &mut modules[at];
    entry.defined = module.defined;
    entry.imported = module.imported;
    entry.globs = module.globs;
    entry.mentioned = module.mentioned;
    at
}

/// The name that an item defines.
fn name(item: &Item) -> Option<&Ident> {
    Some(match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => return item.ident.as_ref(),
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    })
}

fn is_test(attrs: &[Attribute]) -> bool {
    let is_test = |attr: &Attribute| {
        attr.path().is_ident("cfg")
            && attr
                .parse_args::<syn::Path>()
                .is_ok_and(|path| path.is_ident("test"))
    };
    attrs.iter().any(is_test)
}

/// Collects imports and mentioned paths of the items of one module.
#[derive(Default)]
struct Collector {
    defined: BTreeSet<String>,
    imported: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    mentioned: BTreeSet<Vec<String>>,
}

impl Collector {
    fn import(&mut self, tree: &UseTree, before: &[String]) {
        let with = |ident: &Ident| [before, &[ident.to_string()]].concat();
        match tree {
            UseTree::Path(tree) => self.import(&tree.tree, &with(&tree.ident)),
            UseTree::Name(tree) if tree.ident == "self" => {
                let name = before.last().cloned().unwrap_or_default();
                self.imported.insert(name, before.to_vec());
            }
            UseTree::Name(tree) => {
                self.imported
                    .insert(tree.ident.to_string(), with(&tree.ident));
            }
            UseTree::Rename(tree) => {
                let path = if tree.ident == "self" {
                    before.to_vec()
                } else {
                    with(&tree.ident)
                };
                self.imported.insert(tree.rename.to_string(), path);
            }
            UseTree::Glob(_) => self.globs.push(before.to_vec()),
            UseTree::Group(tree) => {
                for tree in &tree.items {
                    self.import(tree, before);
                }
            }
        }
    }

    /// Paths in tokens that are not parsed: arguments of macros.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.mention(std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.mention(std::mem::take(&mut path));
                    colons = 0;
                    self.tokens(group.stream());
                }
                _ => {
                    self.mention(std::mem::take(&mut path));
                    colons = 0;
                }
            }
        }
        self.mention(path);
    }

    fn mention(&mut self, path: Vec<String>) {
        if path.len() > 1 {
            self.mentioned.insert(path);
        }
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.import(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string());
        self.mention(names.collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        visit::visit_macro(self, mac);
        self.tokens(mac.tokens.clone());
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

/// The target of `path`, written in module `at`; none if that is outside the crate.
fn resolve(modules: &[Module], at: usize, path: &[String], depth: usize) -> Option<Target> {
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" => walk(modules, 0, rest, depth),
        "self" => walk(modules, at, rest, depth),
        "super" if rest.first().is_some_and(|name| name == "super") => {
            resolve(modules, modules[at].parent, rest, depth)
        }
        "super" => walk(modules, modules[at].parent, rest, depth),
        _ => look_up(modules, at, first, rest, depth),
    }
}

fn walk(modules: &[Module], at: usize, path: &[String], depth: usize) -> Option<Target> {
    let Some((first, rest)) = path.split_first() else {
        return Some(Target::Module(at));
    };
    look_up(modules, at, first, rest, depth)
}

/// The target of `name` in module `at`, then of `rest` in what that is.
fn look_up(
    modules: &[Module],
    at: usize,
    name: &String,
    rest: &[String],
    depth: usize,
) -> Option<Target> {
    let module = &modules[at];
    if depth > DEEPEST {
        return None;
    }
    if let Some(child) = module.children.get(name) {
        return walk(modules, *child, rest, depth);
    }
    if module.defined.contains(name) {
        return Some(Target::Item(at));
    }
    if let Some(path) = module.imported.get(name) {
        let path = [path, rest].concat();
        return resolve(modules, at, &path, depth + 1);
    }
    module.globs.iter().find_map(|glob| {
        let path = [glob.as_slice(), std::slice::from_ref(name), rest].concat();
        resolve(modules, at, &path, depth + 1)
    })
}

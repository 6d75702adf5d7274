//! Examples of the public functions. An example must call each function that has a parameter besides `self`, unless a
//! comment above the function gives a reason.
//!
//! A call is recognized by its name. The example of a method must also be in the method's file or name its type, so
//! that a setter of one type does not count as that of another.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    failure::Failure,
    sources::{self, CodeBlock, is_of_name},
};

/// A file with documentation.
struct Source {
    file: PathBuf,
    rust: String,
    examples: Vec<CodeBlock>,
}

/// A public function with a parameter besides `self`.
#[derive(Debug)]
struct Function<'a> {
    file: &'a Path,
    line: usize,
    name: &'a str,
    /// The type of the `impl` block, for a method.
    owner: Option<&'a str>,
    has_reason: bool,
}

/// Returns an error with every public function of the libraries that lacks an example.
pub(crate) fn check(root: &Path) -> Result<(), Failure> {
    let unreadable = |error| Failure::step(format!("the sources in `{}` cannot be read: {error}", root.display()));
    match missing(root).map_err(unreadable)? {
        none if none.is_empty() => Ok(()),
        lines => Err(Failure::step(format!(
            "no example calls these functions; write one, or `{REASON} …` above the function:\n  {}",
            lines.join("\n  ")
        ))),
    }
}

fn missing(root: &Path) -> io::Result<Vec<String>> {
    let (sources, layers) = (read(root)?, fs::read_to_string(root.join(LAYERS))?);
    let layers = exported(&layers);
    let is_for_layers = |function: &Function<'_>| {
        function.file.ends_with(LAYERS) || layers.contains(&function.owner.unwrap_or(function.name))
    };
    let functions = sources.iter().flat_map(|source| functions(&source.file, &source.rust));
    let functions = functions.filter(|function| !function.has_reason && !is_for_layers(function));
    let missing = functions.filter(|function| !sources.iter().any(|source| source.shows(function)));
    let shown = |Function { file, line, name, .. }: Function<'_>| {
        format!("{}:{line}: {name}", file.strip_prefix(root).unwrap_or(file).display())
    };
    Ok(missing.map(shown).collect())
}

/// Reads the libraries, the facade and the README, sorted by path.
fn read(root: &Path) -> io::Result<Vec<Source>> {
    let (readme, text) = (root.join("README.md"), fs::read_to_string(root.join("README.md"))?);
    let mut found = vec![Source { file: readme, rust: String::new(), examples: sources::code_blocks(text.lines()) }];
    let mut add = |file: &Path, rust: &str| {
        let examples = sources::code_blocks(sources::documentation(rust));
        found.push(Source { file: file.to_owned(), rust: rust.to_owned(), examples });
    };
    sources::read(&root.join("src"), &mut add)?;
    for library in fs::read_dir(root.join("crates"))? {
        sources::read(&library?.path().join("src"), &mut add)?;
    }
    found.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(found)
}

/// Returns the names that this module exports with `pub use`.
fn exported(module: &str) -> Vec<&str> {
    let lists = module.split("pub use ").skip(1).filter_map(|rest| rest.split(';').next());
    lists.flat_map(|list| list.split(|c| !is_of_name(c))).collect()
}

fn functions<'a>(file: &'a Path, rust: &'a str) -> impl Iterator<Item = Function<'a>> {
    rust.match_indices("pub ").filter_map(move |(at, _)| Function::at(file, rust, at))
}

impl Source {
    fn shows(&self, function: &Function<'_>) -> bool {
        let names = |example: &CodeBlock, owner| example.names(owner) || example.names(built_by(owner));
        let is_meant = |example| self.file == function.file || function.owner.is_none_or(|owner| names(example, owner));
        self.examples.iter().any(|example| calls(&example.code, function.name) && is_meant(example))
    }
}

impl<'a> Function<'a> {
    /// Returns the function whose `pub` is at this index.
    fn at(file: &'a Path, rust: &'a str, at: usize) -> Option<Self> {
        let (before, declaration) = rust.split_at(at);
        let signature =
            ["pub ", "const ", "async "].iter().fold(declaration, |rest, word| rest.trim_start_matches(word));
        let signature = signature.strip_prefix("fn ")?;
        let name = &signature[..signature.find(|c| !is_of_name(c))?];
        let parameters = after_generics(&signature[name.len()..]).strip_prefix('(')?.split(')').next()?;
        let has_parameters =
            !["", "self", "mut self", "&self", "&mut self"].contains(&parameters.trim().trim_end_matches(','));
        let mut lines_above = before.rsplit('\n').map(str::trim_start);
        let is_code = lines_above.next()?.is_empty();
        let mut comments = lines_above.take_while(|line| line.starts_with("//") || line.starts_with("#["));
        (is_code && has_parameters).then(|| Self {
            file,
            line: before.matches('\n').count() + 1,
            name,
            owner: owner(before),
            has_reason: comments.any(|line| line.starts_with(REASON)),
        })
    }
}

/// Returns the type of the `impl` block that is open at the end of this text.
fn owner(before: &str) -> Option<&str> {
    let begin = before.rfind("\nimpl")?;
    let header = after_generics(&before[begin + "\nimpl".len()..]).trim_start();
    let is_open = !before[begin..].contains("\n}");
    header.split(|c| !is_of_name(c)).next().filter(|_| is_open)
}

/// Skips a list of generic parameters. The `>` of an arrow does not end it.
fn after_generics(text: &str) -> &str {
    let mut depth = 0;
    let end = text.char_indices().find(|(at, c)| {
        match c {
            '<' => depth += 1,
            '>' if !text[..*at].ends_with('-') => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    match end {
        Some((at, '>')) => &text[at + 1..],
        _ => text,
    }
}

/// Returns the type that this type builds if it is a builder. A function of that type makes the builder, so an example
/// need not name the builder itself.
fn built_by(owner: &str) -> &str {
    owner.strip_suffix("Builder").unwrap_or(owner)
}

fn calls(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let rest = &code[at + name.len()..];
        let arguments = rest.strip_prefix("::").map_or(rest, after_generics);
        !code[..at].ends_with(is_of_name) && arguments.starts_with('(')
    })
}

/// Beginning of a comment that replaces an example.
const REASON: &str = "// No example:";
/// The module for layers and log formats. Its functions are not for programs, so they need no example.
const LAYERS: &str = "crates/monitor-core/src/instrument.rs";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_with_parameters_are_found_with_their_type_and_reason() {
        let text = "
/// pub fn documented(a: u8) {}
pub fn free<F: Fn(&str) -> bool>(f: F) {}

impl<S, F: Fn() -> S> Service<S> {
    pub fn new() -> Self {}
    pub const fn name(&self) -> &str {}
    pub fn rename(
        &mut self,
        name: &str,
    ) {}
    /// Polls.
    // No example: a runtime calls it.
    #[must_use]
    pub async fn poll(self, cx: &Context) {}
    pub(crate) fn hidden(&self, a: u8) {}
}
pub fn last(a: u8) {}
";
        let found = functions(Path::new("a.rs"), text)
            .map(|function| (function.line, function.name, function.owner, function.has_reason));
        let service = Some("Service");
        assert_eq!(
            found.collect::<Vec<_>>(),
            [
                (3, "free", None, false),
                (8, "rename", service, false),
                (15, "poll", service, true),
                (18, "last", None, false)
            ]
        );
    }

    #[test]
    fn an_example_shows_a_method_in_its_file_or_with_its_type() {
        let code = "let a = Monitor::builder(\"a\").limit(1).parse::<Vec<u8>>(b);".to_owned();
        let source = Source { file: "a.rs".into(), rust: String::new(), examples: vec![CodeBlock { line: 1, code }] };
        let shows = |name, owner, file: &str| {
            source.shows(&Function { file: Path::new(file), line: 1, name, owner, has_reason: false })
        };
        assert!(shows("limit", Some("MonitorBuilder"), "b.rs") && shows("parse", None, "b.rs"));
        assert!(shows("limit", Some("Query"), "a.rs") && !shows("limit", Some("Query"), "b.rs"));
        assert!(!shows("imit", None, "b.rs") && !shows("a", None, "a.rs"));
    }

    #[test]
    fn names_are_exported_by_public_imports_only() {
        let names = exported("pub use crate::{a::{B, c},};\nuse crate::D;\n    pub use crate::E;");
        assert!(["B", "c", "E"].iter().all(|name| names.contains(name)) && !names.contains(&"D"));
    }
}

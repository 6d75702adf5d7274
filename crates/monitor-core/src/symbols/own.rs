//! The backtrace inside an `anyhow` error, which shows where the error was created, not where it was captured.

use std::{env, fmt, path::Path};

use super::Symbol;

/// Formats a backtrace. Must run on the resolver thread, because it holds the standard library's lock while it loads
/// symbols.
pub(crate) struct OwnBacktrace(Box<dyn FnOnce() -> String + Send + Sync>);

impl OwnBacktrace {
    #[cfg(any(feature = "anyhow", test))]
    pub(crate) fn new(text: impl FnOnce() -> String + Send + Sync + 'static) -> Self {
        Self(Box::new(text))
    }

    /// Returns the functions, the innermost first.
    pub(crate) fn resolve(self) -> Vec<Symbol> {
        let folder = env::current_dir().unwrap_or_default();
        parse(&(self.0)(), &folder)
    }
}

/// Parses the output of `std::backtrace::Backtrace`: a line with number and function, then a line with the location, if
/// known. Paths below the current folder are relative to it.
fn parse(text: &str, folder: &Path) -> Vec<Symbol> {
    let mut symbols: Vec<Symbol> = Vec::new();
    for line in text.lines().map(str::trim_start) {
        if let Some(place) = line.strip_prefix("at ") {
            if let (Some(symbol), Some((file, line, column))) = (symbols.last_mut(), parse_place(place)) {
                let file = file
                    .strip_prefix("./")
                    .map_or_else(|| file.to_owned(), |relative| folder.join(relative).to_string_lossy().into_owned());
                *symbol = Symbol { function: std::mem::take(&mut symbol.function), file: Some(file), line, column };
            }
        } else if let Some((number, function)) = line.split_once(": ")
            && number.parse::<u32>().is_ok()
        {
            symbols.push(Symbol { function: function.to_owned(), ..Symbol::default() });
        }
    }
    symbols
}

/// Splits `file:line:column`. The file name may contain a colon.
fn parse_place(place: &str) -> Option<(&str, u32, u32)> {
    let (rest, column) = place.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some((file, line.parse().ok()?, column.parse().ok()?))
}

impl fmt::Debug for OwnBacktrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnBacktrace").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::backtrace::Backtrace;

    use super::*;

    #[test]
    fn a_backtrace_of_the_standard_library_is_parsed() {
        let backtrace = Backtrace::force_capture();
        let symbols = OwnBacktrace::new(move || backtrace.to_string()).resolve();
        let here =
            symbols.iter().find(|symbol| symbol.function.contains("a_backtrace_of_the_standard_library_is_parsed"));
        let file = here.and_then(|symbol| symbol.file.as_deref()).unwrap();
        assert!(Path::new(file).is_absolute() && file.ends_with("src/symbols/own.rs"), "{file}");
    }

    #[test]
    fn a_function_without_a_place_has_none_and_a_colon_belongs_to_the_file() {
        let text = "   0: shop::price\n             at ./src/a:b.rs:7:9\n   1: main\n  noise\n   2: <unknown>\n";
        let at = |function: &str, file: Option<&str>, line, column| Symbol {
            function: function.to_owned(),
            file: file.map(str::to_owned),
            line,
            column,
        };
        let expected =
            [at("shop::price", Some("/shop/src/a:b.rs"), 7, 9), at("main", None, 0, 0), at("<unknown>", None, 0, 0)];
        assert_eq!(parse(text, Path::new("/shop")), expected);
    }
}

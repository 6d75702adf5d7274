//! Distinguishes the program's own functions from those of its dependencies.

use super::function;
use crate::model::source_path;

/// Rules for own functions: the program's own settings first, then the known files and crates.
#[derive(Clone, Debug, Default)]
pub(crate) struct InApp {
    /// Modules with functions of the program's own.
    pub(crate) include: Vec<String>,
    /// Modules with foreign functions. `include` takes precedence.
    pub(crate) exclude: Vec<String>,
}

impl InApp {
    /// Returns `true` if `function`, in `file` if that is known, is the program's own.
    pub(crate) fn owns(&self, function: &str, file: Option<&str>) -> bool {
        let name = function::stable(function);
        let paths = Paths::of(&name);
        let is_of = |modules: &[String]| modules.iter().any(|module| paths.iter().any(|path| is_in(path, module)));
        if is_of(&self.include) || is_of(&self.exclude) {
            return is_of(&self.include);
        }
        match file {
            Some(file) if source_path::is_foreign(file) => false,
            // Line tables name an inlined function without its path. A file without the ending `.rs` belongs to C or to
            // the linker.
            Some(file) if !function::has_path(&name) => file.ends_with(".rs"),
            _ => paths.iter().any(is_own_path),
        }
    }
}

/// The paths that decide: that of the function, or those of the type and the trait of a method.
struct Paths<'a>([&'a str; 2]);

impl<'a> Paths<'a> {
    fn of(name: &'a str) -> Self {
        let Some(inside) = name.strip_prefix('<') else { return Self([name, ""]) };
        let (of_type, of_trait) = inside.split_once(" as ").unwrap_or((inside, ""));
        let of_type = of_type.trim_start_matches(['&', '(', '[', '*']);
        let words = ["mut ", "const ", "dyn ", "impl "];
        Self([words.into_iter().fold(of_type, |path, word| path.strip_prefix(word).unwrap_or(path)), of_trait])
    }

    fn iter(&self) -> impl Iterator<Item = &'a str> {
        self.0.into_iter()
    }
}

/// A name without a path is a type parameter, a primitive type, or a C function.
fn is_own_path(path: &str) -> bool {
    path.split_once("::").is_some_and(|(krate, _)| !is_foreign_crate(krate))
}

fn is_in(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::") || rest.starts_with('>'))
}

fn is_foreign_crate(krate: &str) -> bool {
    FOREIGN_CRATES.contains(&krate) || FOREIGN_FAMILIES.iter().any(|family| krate.starts_with(family))
}

/// Common dependencies of a service. Other crates are recognised by their file, if there is debug information.
const FOREIGN_CRATES: [&str; 41] = [
    "alloc",
    "anyhow",
    "axum",
    "backtrace",
    "bytes",
    "core",
    "eyre",
    "flume",
    "h2",
    "http",
    "hyper",
    "indexmap",
    "log",
    "metrics",
    "mio",
    "monitor_alert",
    "monitor_core",
    "monitor_health",
    "monitor_kit",
    "monitor_log",
    "monitor_metrics",
    "monitor_redact",
    "monitor_store",
    "monitor_tower",
    "panic_abort",
    "panic_unwind",
    "proc_macro",
    "rayon",
    "reqwest",
    "rustls",
    "serde",
    "sqlx",
    "std",
    "test",
    "tokio",
    "tonic",
    "tower",
    "tracing",
    "ureq",
    "utoipa",
    "warp",
];

/// Prefixes of crate names that are recognised in the same way.
const FOREIGN_FAMILIES: [&str; 18] = [
    "axum_",
    "color_eyre",
    "crossbeam",
    "futures",
    "http_",
    "hyper_",
    "parking_lot",
    "prost",
    "rayon_",
    "rustls_",
    "serde_",
    "sqlx_",
    "tokio_",
    "tonic_",
    "tower_",
    "tracing_",
    "rust_begin_",
    "opentelemetry",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_in_app_by_its_crate() {
        let rules = InApp::default();
        for own in [
            "shop::cart::price",
            "<shop::Cart as core::fmt::Display>::fmt",
            "<&str as shop::Shout>::shout",
            "<T as shop::Shout>::shout",
            "<dyn shop::Shout>::shout",
            "<&mut shop::Cart as core::iter::Iterator>::next",
            "shop::main::{{closure}}",
            "<alloc::string::String as shop::Shout>::shout",
            "<alloc::vec::Vec<T> as shop::Shout>::shout",
            "<core::result::Result<T, E> as shop::Shout>::shout",
            "shop::api::<impl shop::Shout for alloc::string::String>::shout",
            "monitor_shop::cart::price",
        ] {
            assert!(rules.owns(own, None), "{own}");
        }
        for foreign in [
            "core::panicking::panic_fmt",
            "<alloc::boxed::Box<F,A> as core::ops::function::FnOnce<Args>>::call_once",
            "<F as axum::handler::Handler<(M,T1),S>>::call",
            "<tower::util::Either<A,B> as tower_service::Service<R>>::call",
            "tokio::runtime::task::harness::poll_future",
            "hyper_util::server::conn::auto::Connection",
            "tonic::server::Grpc<T>::unary",
            "std::rt::lang_start",
            "monitor_tower::future::ResponseFuture::poll",
            "__libc_start_main",
            "main",
            "?",
        ] {
            assert!(!rules.owns(foreign, None), "{foreign}");
        }
    }

    #[test]
    fn a_function_is_in_app_by_its_file() {
        let rules = InApp::default();
        assert!(rules.owns("main", Some("/app/src/main.rs")));
        assert!(!rules.owns("chrono::parse", Some("/cargo/registry/src/index/chrono-0.4.0/src/lib.rs")));
        assert!(!rules.owns("main", Some("/build/glibc/csu/start.S")));
        assert!(rules.owns("price", Some("/app/src/cart.rs")), "line tables give no path");
        assert!(rules.owns("<alloc::string::String as shop::Shout>::shout", Some("/app/src/cart.rs")));
        assert!(!rules.owns("capture", Some("/app/monitor-kit/crates/monitor-core/src/capture.rs")));
        assert!(!rules.owns("shop+0x1a2b", None), "a stripped program has no names");
    }

    #[test]
    fn the_program_has_the_last_word() {
        let rules = InApp { include: vec!["sqlx::mine".into()], exclude: vec!["shop::glue".into()] };
        assert!(rules.owns("sqlx::mine::query", None));
        assert!(!rules.owns("sqlx::pool", None));
        assert!(!rules.owns("shop::glue::call", None));
        assert!(rules.owns("shop::glued", None));
    }
}

//! Which functions are the program's own, and which are of what it is built with.

/// The rules: what the program says of its modules, and else what is known of files and crates.
#[derive(Clone, Debug, Default)]
pub(crate) struct InApp {
    pub(crate) include: Vec<String>,
    pub(crate) exclude: Vec<String>,
}

impl InApp {
    /// Returns whether `function`, which is in `file` where that is known, is the program's own.
    pub(crate) fn owns(&self, function: &str, file: Option<&str>) -> bool {
        let path = path_of(function);
        let is_of = |modules: &[String]| modules.iter().any(|module| is_in(path, module));
        if is_of(&self.include) || is_of(&self.exclude) {
            return is_of(&self.include);
        }
        // A function without a path is the linker's or C's, unless it is known to be written in Rust.
        let is_rust = path.contains("::") || file.is_some_and(|file| file.ends_with(".rs"));
        let krate = path.split("::").next().unwrap_or_default();
        is_rust && !is_foreign_file(file.unwrap_or_default()) && !is_foreign_crate(krate)
    }
}

/// Returns the path by which a function is judged: its own, or that of the type or the trait of a method.
fn path_of(function: &str) -> &str {
    let Some(inside) = function.strip_prefix('<') else { return function };
    let (of, rest) = inside.split_once(" as ").unwrap_or((inside, ""));
    let of = of.trim_start_matches(['&', '(', '[', '*', '<']);
    let of = ["mut ", "const ", "dyn ", "impl "].into_iter().fold(of, |of, word| of.strip_prefix(word).unwrap_or(of));
    // What is written without a path is a type parameter, or a type of the language.
    if of.split(['<', '>']).next().is_some_and(|of| of.contains("::")) { of } else { rest }
}

fn is_in(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

pub(super) fn is_foreign_file(file: &str) -> bool {
    FOREIGN_FILES.iter().any(|part| file.contains(part))
}

fn is_foreign_crate(krate: &str) -> bool {
    FOREIGN_CRATES.contains(&krate) || FOREIGN_FAMILIES.iter().any(|family| krate.starts_with(family))
}

/// Where the standard library and what cargo fetched lie.
const FOREIGN_FILES: [&str; 5] = ["/rustc/", "/rustlib/src/", "/registry/src/", "/git/checkouts/", "/vendor/"];

/// What a service stands on. Other crates are known by where they lie, where there is debug information.
const FOREIGN_CRATES: [&str; 32] = [
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

/// The same, for all crates whose name begins so.
const FOREIGN_FAMILIES: [&str; 19] = [
    "axum_",
    "color_eyre",
    "crossbeam",
    "futures",
    "http_",
    "hyper_",
    "monitor_",
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
    fn functions_are_told_apart_by_their_crate() {
        let rules = InApp::default();
        for own in [
            "shop::cart::price",
            "<shop::Cart as core::fmt::Display>::fmt",
            "<&str as shop::Shout>::shout",
            "<T as shop::Shout>::shout",
            "<dyn shop::Shout>::shout",
            "<&mut shop::Cart as core::iter::Iterator>::next",
            "shop::main::{{closure}}",
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
    fn functions_are_told_apart_by_where_they_lie() {
        let rules = InApp::default();
        assert!(rules.owns("main", Some("/app/src/main.rs")));
        assert!(!rules.owns("chrono::parse", Some("/cargo/registry/src/index/chrono-0.4.0/src/lib.rs")));
        assert!(!rules.owns("main", Some("/build/glibc/csu/start.S")));
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

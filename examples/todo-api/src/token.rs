//! The token of operators. Without it, routes that show or change internals answer 404.
//!
//! The address of the caller is not a credential: behind a proxy on the same machine every caller is local.

use std::{
    fmt, fs,
    io::{ErrorKind, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    str::FromStr,
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use monitor_kit::{BoxError, health::has_bearer};
use tempfile::NamedTempFile;
use uuid::Uuid;

use crate::{ApiError, Config};

/// A token. `Debug` does not show it.
#[derive(Clone, Eq, PartialEq)]
pub struct Token(String);

/// Answers requests without the token as if their path did not exist.
pub(crate) async fn required(State(token): State<Token>, request: Request, next: Next) -> Result<Response, ApiError> {
    if has_bearer(request.headers(), token.as_str()) { Ok(next.run(request).await) } else { Err(ApiError::NoSuchPath) }
}

impl Token {
    /// Returns the token of the command line, or else the one in the file, which is created if missing.
    pub(crate) fn of(config: &Config) -> Result<Self, BoxError> {
        let file = &config.admin_token_file;
        match &config.admin_token {
            Some(token) => Ok(token.clone()),
            None => in_file(file).map_err(|error| format!("the admin token in {}: {error}", file.display()).into()),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        if text.len() < SHORTEST || !text.bytes().all(is_allowed) {
            return Err("give at least 16 characters, of A-Z a-z 0-9 - . _ ~ + / =");
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

fn in_file(file: &Path) -> Result<Token, BoxError> {
    match fs::read_to_string(file) {
        Ok(text) => {
            if fs::metadata(file)?.permissions().mode() & OTHERS != 0 {
                return Err("other users can read it: make it mode 0600, or remove it to have a new one made".into());
            }
            Ok(text.trim_end().parse()?)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => create(file),
        Err(error) => Err(error.into()),
    }
}

/// Writes a new token. If another process does the same at this moment, the first one wins and both use its token.
fn create(file: &Path) -> Result<Token, BoxError> {
    let token = Token(Uuid::new_v4().simple().to_string());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    // Created with mode 0600.
    let mut draft = NamedTempFile::new_in(folder.map_or_else(|| PathBuf::from("."), Path::to_owned))?;
    writeln!(draft, "{}", token.0)?;
    match draft.persist_noclobber(file) {
        Ok(_) => Ok(token),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => in_file(file),
        Err(error) => Err(error.error.into()),
    }
}

const SHORTEST: usize = 16;

/// Permission bits of the group and others.
const OTHERS: u32 = 0o077;

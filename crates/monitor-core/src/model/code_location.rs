//! A location in the source, written `file:line:column`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::source_path;
use crate::base::json::FromText;

/// A location in the source.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct CodeLocation {
    /// Path of the file, as passed to the compiler.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1; 0 if it is not known.
    pub column: u32,
}

impl CodeLocation {
    /// Removes the folders that identify the build machine from the path.
    pub(crate) fn show(&mut self) {
        self.file = source_path::shown(&self.file).into_owned();
    }

    /// Creates a location without a known column.
    #[must_use]
    pub fn of_line(file: impl Into<String>, line: u32) -> Self {
        Self { file: file.into(), line, column: 0 }
    }
}

impl fmt::Display for CodeLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            0 => write!(f, "{}:{}", self.file, self.line),
            column => write!(f, "{}:{}:{column}", self.file, self.line),
        }
    }
}

impl From<&std::panic::Location<'_>> for CodeLocation {
    fn from(location: &std::panic::Location<'_>) -> Self {
        Self { file: location.file().to_owned(), line: location.line(), column: location.column() }
    }
}

impl FromText for CodeLocation {
    fn from_text(text: &str) -> Option<Self> {
        let number = |text: &str| text.parse::<u32>().ok();
        let (rest, last) = text.rsplit_once(':').and_then(|(rest, last)| Some((rest, number(last)?)))?;
        let whole = rest.rsplit_once(':').and_then(|(file, line)| Some((file, number(line)?)));
        let (file, line, column) = whole.map_or((rest, last, 0), |(file, line)| (file, line, last));
        Some(Self { file: file.to_owned(), line, column })
    }
}

impl Serialize for CodeLocation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CodeLocation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_text(&text).ok_or_else(|| de::Error::custom(format_args!("`{text}` is no place in a file")))
    }
}

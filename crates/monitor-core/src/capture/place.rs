//! The place of a failure: the part of a site's key that the thread of the failure knows without resolving symbols.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::{
    event::{EventKind, Failure},
    model::code_location::CodeLocation,
    scope::Scope,
};

/// Hashes the place of a failure. Errors with one message but different types have different places; a bare 5xx has the
/// method of its request instead of a location.
pub(super) fn hash(failure: &Failure, scope: Option<&Scope>) -> u64 {
    match failure.kind {
        EventKind::Panic => hash_of_panic(failure.location.as_ref()),
        EventKind::Status => hash_of((&failure.type_name, scope.map(Scope::method))),
        _ => hash_of((at(failure.location.as_ref()), failure.level, Types(failure))),
    }
}

/// Hashes the place of a panic. Its type takes no part, because the panic hook does not know it.
pub(super) fn hash_of_panic(location: Option<&CodeLocation>) -> u64 {
    hash_of(at(location))
}

fn at(location: Option<&CodeLocation>) -> Option<(&str, u32, u32)> {
    location.map(|at| (at.file.as_str(), at.line, at.column))
}

struct Types<'a>(&'a Failure);

impl Hash for Types<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.types().for_each(|name| name.hash(state));
    }
}

fn hash_of(place: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    place.hash(&mut hasher);
    hasher.finish()
}

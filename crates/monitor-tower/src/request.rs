//! The data of a request, and the parts of it that are trusted. No setting of a layer is used here.

pub(crate) mod forwarded;
pub(crate) mod head;
pub(crate) mod id_policy;
pub(crate) mod mounts;
pub(crate) mod networks;
pub(crate) mod own_headers;

//! What a request says of itself and what of it is trusted. No setting of a layer takes part.

pub(crate) mod forwarded;
pub(crate) mod head;
pub(crate) mod headers;
pub(crate) mod host_class;
pub(crate) mod id_policy;
pub(crate) mod mounts;
pub(crate) mod networks;

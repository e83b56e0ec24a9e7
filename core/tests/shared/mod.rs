//! What tests of several processes need: servers, workers, and ways to disturb them.

pub(crate) mod certificates;
pub(crate) mod cluster;
pub(crate) mod proxy;
pub(crate) mod sentinel;
pub(crate) mod servers;
pub(crate) mod workers;
